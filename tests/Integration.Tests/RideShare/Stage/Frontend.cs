using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>One message that the frontend was sent.</summary>
/// <param name="At">When, as a timestamp of <see cref="Stopwatch"/>.</param>
internal sealed record Shown(string Channel, string Text, long At)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    /// <summary>A field that is text.</summary>
    public string this[string field] => Json.GetProperty(field).GetString()!;

    public override string ToString() => $"{Channel} {Text}";
}

/// <summary>
/// What listens at the other end: a subscriber of the four channels over a plain socket, so that nothing of the code
/// under test is used to test it.
/// </summary>
internal sealed class Frontend : IDisposable
{
    private static readonly string[] Channels = ["driver-updates", "rider-updates", "trip-updates", "surge_updates"];

    private readonly TcpClient client = new();
    private readonly List<Shown> shown;

    private Frontend(List<Shown> shown) => this.shown = shown;

    /// <summary>All that was shown so far, in order.</summary>
    public IReadOnlyList<Shown> All
    {
        get
        {
            lock (shown)
                return [.. shown];
        }
    }

    /// <summary>What was shown on the channel of trips.</summary>
    public IReadOnlyList<Shown> Trips => [.. All.Where(static each => each.Channel == "trip-updates")];

    /// <summary>How much was shown so far.</summary>
    public int Count
    {
        get
        {
            lock (shown)
                return shown.Count;
        }
    }

    /// <summary>Subscribes; returns once the server has confirmed all channels.</summary>
    /// <param name="redis">The server.</param>
    /// <param name="login">USER PASSWORD or PASSWORD.</param>
    /// <param name="tls">Whether it speaks TLS; who it is, is not checked here.</param>
    /// <param name="before">A frontend whose connection broke: what it was shown is kept.</param>
    public static async Task<Frontend> SubscribeAsync(
        RealRedis redis, string? login = null, bool tls = false, Frontend? before = null)
    {
        var frontend = new Frontend(before?.shown ?? []);
        await frontend.client.ConnectAsync("127.0.0.1", redis.Port);
        Stream stream = frontend.client.GetStream();
        if (tls)
        {
            var encrypted = new SslStream(stream, false, static (_, certificate, _, _) => certificate is not null);
            await encrypted.AuthenticateAsClientAsync("localhost");
            stream = encrypted;
        }

        var hello = (login is null ? "" : $"AUTH {login}\r\n") + $"SUBSCRIBE {string.Join(' ', Channels)}\r\n";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(hello));
        var confirmed = new TaskCompletionSource();
        _ = Task.Factory.StartNew(
            () => frontend.Listen(new BufferedStream(stream, 1 << 16), confirmed), TaskCreationOptions.LongRunning);
        await confirmed.Task.WaitAsync(TimeSpan.FromSeconds(10));
        return frontend;
    }

    public void Dispose() => client.Dispose();

    private void Listen(BufferedStream stream, TaskCompletionSource confirmed)
    {
        try
        {
            while (true)
            {
                var items = ReadReply(stream);
                if (items is ["message", var channel, var text])
                {
                    lock (shown)
                        shown.Add(new Shown(channel, text, Stopwatch.GetTimestamp()));
                }
                else if (items is ["subscribe", _, ":4"])
                {
                    confirmed.SetResult();
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or FormatException)
        {
            confirmed.TrySetException(error);
        }
    }

    private static List<string> ReadReply(BufferedStream stream)
    {
        var head = ReadLine(stream);
        if (head[0] == '-')
            throw new FormatException(head);
        if (head[0] != '*')
            return [head];
        var items = new List<string>();
        for (var left = int.Parse(head[1..]); left > 0; left--)
        {
            var item = ReadLine(stream);
            items.Add(item[0] == '$' ? ReadText(stream, int.Parse(item[1..])) : item);
        }

        return items;
    }

    private static string ReadText(BufferedStream stream, int length)
    {
        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        ReadLine(stream);
        return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
    }

    private static string ReadLine(BufferedStream stream)
    {
        var line = new StringBuilder();
        for (int next; (next = stream.ReadByte()) != '\n';)
        {
            if (next < 0)
                throw new EndOfStreamException();
            if (next != '\r')
                line.Append((char)next);
        }

        return line.ToString();
    }
}
