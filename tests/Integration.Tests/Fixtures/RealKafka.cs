namespace StreamActors.Tests.Fixtures;

/// <summary>What a cluster of a test's own is like.</summary>
public sealed record RealKafkaOptions
{
    /// <summary>Each is a controller too, so that any minority may die.</summary>
    public int Brokers { get; init; } = 1;

    /// <summary>USER:PASSWORD, letters and digits: clients must log in, with PLAIN or SCRAM-SHA-256.</summary>
    public string? Sasl { get; init; }

    /// <summary>Clients must use TLS; the authority to trust is <see cref="RealKafka.CaFile"/>.</summary>
    public bool Tls { get; init; }

    /// <summary>Broker settings, KEY=VALUE.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];
}

/// <summary>
/// A real Kafka on loopback. Most tests share one, started by the first that asks and stopped with the process; a test
/// that needs logins, several brokers or their death starts its own and disposes it.
/// </summary>
public sealed class RealKafka : IAsyncDisposable
{
    private static readonly Lazy<Task<RealKafka>> TheShared = new(() => StartAsync(KafkaOffer.Shared, new()));

    private readonly Leash leash;
    private readonly string script;

    private RealKafka(Leash leash, string bootstrap, string script = "")
    {
        this.leash = leash;
        this.script = script;
        Bootstrap = bootstrap.Trim();
    }

    /// <summary>HOST:PORT[,HOST:PORT…].</summary>
    public string Bootstrap { get; }

    /// <summary>The authority that signed the brokers' certificates, when TLS was asked for.</summary>
    public string CaFile => Path.Combine(Cluster, "tls", "ca.pem");

    private string Cluster => Path.Combine(leash.Folder, "kafka");

    /// <summary>The cluster that all tests of the assembly share: use topics and groups of your own.</summary>
    public static Task<RealKafka> SharedAsync() => TheShared.Value;

    /// <summary>A cluster of the test's own.</summary>
    public static Task<RealKafka> StartAsync(RealKafkaOptions? options = null) =>
        StartAsync(KafkaOffer.Dedicated, options ?? new());

    /// <summary>A name that no other test uses.</summary>
    public static string Name(string prefix) => $"{prefix}-{Guid.NewGuid().ToString("N")[..8]}";

    /// <summary>One of Kafka's tools, as in <c>kafka.sh cli</c>: "topics", "--create", …</summary>
    public Task<string> CliAsync(params IEnumerable<string> arguments) =>
        Script(["cli", Cluster, .. arguments]);

    /// <summary>SIGKILL.</summary>
    public Task KillAsync(int broker) => Script("kill", Cluster, $"{broker}");

    /// <summary>Stops a broker cleanly.</summary>
    public Task StopAsync(int broker) => Script("stop", Cluster, $"{broker}");

    /// <summary>Starts a broker again, on its old data and port.</summary>
    public Task UpAsync(int broker) => Script("up", Cluster, $"{broker}");

    /// <summary>Freezes a broker: SIGSTOP. From its return on nothing answers.</summary>
    public async Task PauseAsync(int broker)
    {
        await Script("pause", Cluster, $"{broker}");
        await Machine.StandsStillAsync(int.Parse(File.ReadAllText(Path.Combine(Cluster, $"{broker}", "pid"))));
    }

    /// <summary>Ends the freeze.</summary>
    public Task ResumeAsync(int broker) => Script("resume", Cluster, $"{broker}");

    /// <summary>The lines that a broker has logged.</summary>
    public Task<string[]> LogAsync(int broker) => File.ReadAllLinesAsync(Path.Combine(Cluster, $"{broker}", "out.log"));

    public ValueTask DisposeAsync() => leash.DisposeAsync();

    private static async Task<RealKafka> StartAsync(KafkaOffer offer, RealKafkaOptions options)
    {
        // Docker's name is known before the container is, so that the leash can remove one that is just being made.
        var container = offer.Origin == KafkaOrigin.Docker ? Name("streamactors-kafka") : null;
        var leash = new Leash(container);
        try
        {
            return offer.Origin switch
            {
                KafkaOrigin.Running => new(leash, offer.Value),
                KafkaOrigin.Distribution => new(leash, await PlainKafka.FromDistributionAsync(leash, offer.Value)),
                KafkaOrigin.Docker => new(leash, await PlainKafka.FromDockerAsync(leash, container!)),
                KafkaOrigin.Script => new(leash, await FromScriptAsync(leash, offer.Value, options), offer.Value),
                _ => throw new InvalidOperationException(offer.WhyNot),
            };
        }
        catch
        {
            await leash.DisposeAsync();
            throw;
        }
    }

    private static async Task<string> FromScriptAsync(Leash leash, string script, RealKafkaOptions options)
    {
        var folder = Path.Combine(leash.Folder, "kafka");
        for (var attempt = 1; ; attempt++)
        {
            string[] arguments =
            [
                "start", folder, "--brokers", $"{options.Brokers}",
                "--port", $"{Machine.FreePorts(10 * options.Brokers)}",
                .. options.Sasl is { } sasl ? ["--sasl", sasl] : Array.Empty<string>(),
                .. options.Tls ? ["--tls"] : Array.Empty<string>(),
                .. options.Settings.SelectMany(setting => new[] { "--set", setting }),
            ];
            try
            {
                return await leash.RunAsync(script, arguments);
            }
            catch (InvalidOperationException error)
                when (attempt < 5 && error.Message.Contains("Address already in use"))
            {
                // Somebody was given one of the ports between the script's choice and the broker's start.
                await leash.RunAsync(script, "stop", folder);
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private Task<string> Script(params IEnumerable<string> arguments) => script.Length > 0
        ? leash.RunAsync(script, arguments)
        : throw new InvalidOperationException("only a cluster of kafka.sh does that: mark the test Dedicated = true");
}
