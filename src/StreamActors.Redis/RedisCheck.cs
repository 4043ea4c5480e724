namespace StreamActors.Redis;

/// <summary>
/// Looks, for <c>streamactors check</c>, whether a sink with these options would work, without publishing anything:
/// reach and login, database, the right to run scripts, the right to each channel. It ends at the first thing without
/// which the rest cannot be looked at.
/// </summary>
internal static class RedisCheck
{
    /// <summary>Checks. Takes at most the connect time-out and an operation time-out for each question.</summary>
    public static async Task<IReadOnlyList<Finding>> RunAsync(
        RedisOptions options, IReadOnlyList<string> channels, TimeProvider time, CancellationToken stop)
    {
        var findings = new List<Finding>();
        try
        {
            using var connection = await RedisConnection.OpenAsync(options, time, stop);
            findings.Add(Good($"redis {options.Endpoint} answers{(options.Tls ? " over TLS" : "")}"));
            findings.Add(Good($"redis login as {options.User ?? "default"} works"));
            findings.Add(Good($"redis database {options.Database} exists"));
            await CheckScriptAsync();
            foreach (var channel in channels)
            {
                await CheckChannelAsync(channel);
            }

            async Task CheckScriptAsync()
            {
                var load = await AskAsync(PublishScript.Script.Load());
                var call = load.IsError ? load : await AskAsync(PublishScript.Probe());
                findings.Add(call.IsError
                    ? Bad(options, "scripts cannot be run: ", RedisFault.OfReply(call.Text))
                    : Good("redis lets this user run the publishing script"));
            }

            // A command is checked when a transaction takes it down, and DISCARD forgets it: nobody hears anything.
            async Task CheckChannelAsync(string channel)
            {
                var begin = await AskAsync(Resp.Command("MULTI"));
                if (begin.IsError)
                {
                    findings.Add(Good($"redis channel {channel}: not looked at, since this user may not use MULTI"));
                    return;
                }

                var publish = await AskAsync(Resp.Command("PUBLISH", channel, ""));
                await AskAsync(Resp.Command("DISCARD"));
                findings.Add(publish.IsError
                    ? Bad(options, $"channel {channel}: ", RedisFault.OfReply(publish.Text))
                    : Good($"redis lets this user publish to {channel}"));
            }

            Task<Reply> AskAsync(byte[] command) => connection.SendAsync(command, options.OperationTimeout, stop);
        }
        catch (RedisFaultException error)
        {
            AddFirstSteps(findings, options, error.Fault);
        }

        return findings;
    }

    // A fault after the login says that the steps before it went well.
    private static void AddFirstSteps(List<Finding> findings, RedisOptions options, RedisFault fault)
    {
        var answered = fault.Kind is RedisFaultKind.LoginRefused or RedisFaultKind.NoDatabase;
        if (answered && findings.Count == 0)
        {
            findings.Add(Good($"redis {options.Endpoint} answers{(options.Tls ? " over TLS" : "")}"));
            if (fault.Kind == RedisFaultKind.NoDatabase)
            {
                findings.Add(Good($"redis login as {options.User ?? "default"} works"));
            }
        }

        findings.Add(Bad(options, "", fault));
    }

    private static Finding Good(string sentence) => new(Ok: true, sentence, "");

    private static Finding Bad(RedisOptions options, string what, RedisFault fault) =>
        new(Ok: false, $"redis {options.Endpoint}: {what}{fault.Problem}", fault.Remedy);
}
