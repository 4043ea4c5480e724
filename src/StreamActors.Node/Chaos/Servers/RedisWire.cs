using System.Net;
using System.Net.Sockets;
using System.Text;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Chaos;

/// <summary>One question to a Redis on loopback, over a connection of its own.</summary>
internal static class RedisWire
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>The answer's first bytes; null where there is none in time.</summary>
    public static async Task<string?> AskAsync(string host, int port, string command)
    {
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new DnsEndPoint(host, port), limit.Token);
            await socket.SendAsync(Encoding.ASCII.GetBytes(command + "\r\n"), limit.Token);
            var answer = new byte[8192];
            var read = await socket.ReceiveAsync(answer, limit.Token);
            return Encoding.ASCII.GetString(answer, 0, read);
        }
        catch (SocketException)
        {
            return null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Asks a server that was started here, until it answers in a way.</summary>
    /// <param name="server">The process.</param>
    /// <param name="port">Its port.</param>
    /// <param name="command">What it is asked.</param>
    /// <param name="answer">How the answer begins.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="UserErrorException">It has ended, or does not answer so.</exception>
    public static async Task UntilAsync(
        LeashedProcess server, int port, string command, string answer, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (await AskAsync("127.0.0.1", port, command) is not { } said
            || !said.StartsWith(answer, StringComparison.Ordinal))
        {
            if (server.HasEnded || TimeProvider.System.GetElapsedTime(since) > AnswerLimit)
            {
                throw new UserErrorException(
                    $"A redis-server does not answer {command} as it should; its log is {server.Log}.");
            }

            await Task.Delay(Poll, TimeProvider.System, stop);
        }
    }

    /// <summary>A field of what a server tells of itself; null where it does not.</summary>
    public static async Task<string?> InfoAsync(string host, int port, string section, string field) =>
        (await AskAsync(host, port, $"INFO {section}"))?.Split("\r\n")
            .FirstOrDefault(line => line.StartsWith($"{field}:", StringComparison.Ordinal))?[(field.Length + 1)..];

    /// <summary>A server's version; null where it does not answer.</summary>
    public static Task<string?> VersionAsync(string host, int port) =>
        InfoAsync(host, port, "server", "redis_version");
}
