using System.Net;
using System.Net.Sockets;
using System.Text;

namespace StreamActors.Node.Chaos;

/// <summary>One question to a Redis on loopback, over a connection of its own.</summary>
internal static class RedisWire
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

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

    /// <summary>A server's version; null where it does not answer.</summary>
    public static async Task<string?> VersionAsync(string host, int port) =>
        (await AskAsync(host, port, "INFO server"))?.Split("\r\n")
            .FirstOrDefault(static line => line.StartsWith("redis_version:", StringComparison.Ordinal))?
            ["redis_version:".Length..];
}
