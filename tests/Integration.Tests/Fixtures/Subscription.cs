using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace StreamActors.Tests.Fixtures;

/// <summary>A subscription over a plain socket, so that nothing of the code under test is used to test it.</summary>
public sealed class Subscription : IDisposable
{
    private readonly TcpClient client = new();

    private Subscription()
    {
    }

    /// <summary>Subscribes; returns once the server has confirmed it all.</summary>
    /// <param name="port">The server's port.</param>
    /// <param name="command">SUBSCRIBE or PSUBSCRIBE with what to listen to.</param>
    /// <param name="heard">Called with the channel and the message, one at a time.</param>
    /// <param name="login">USER PASSWORD or PASSWORD.</param>
    /// <param name="tls">Whether it speaks TLS; who the server is, is not checked here.</param>
    public static async Task<Subscription> StartAsync(
        int port, string command, Action<string, byte[]> heard, string? login = null, bool tls = false)
    {
        var subscription = new Subscription();
        await subscription.client.ConnectAsync("127.0.0.1", port);
        Stream stream = subscription.client.GetStream();
        if (tls)
        {
            var encrypted = new SslStream(stream, false, static (_, certificate, _, _) => certificate is not null);
            await encrypted.AuthenticateAsClientAsync("localhost");
            stream = encrypted;
        }

        var words = command.Split(' ');
        byte[] requests = [.. login is null ? [] : Request(["AUTH", .. login.Split(' ')]), .. Request(words)];
        await stream.WriteAsync(requests);
        var confirmed = new TaskCompletionSource();
        _ = Task.Factory.StartNew(
            () => Listen(new BufferedStream(stream, 1 << 16), words.Length - 1, heard, confirmed),
            TaskCreationOptions.LongRunning);
        await confirmed.Task.WaitAsync(TimeSpan.FromSeconds(10));
        return subscription;
    }

    public void Dispose() => client.Dispose();

    private static byte[] Request(IReadOnlyList<string> words) => Encoding.UTF8.GetBytes(
        $"*{words.Count}\r\n"
        + string.Concat(words.Select(static word => $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n")));

    private static void Listen(
        BufferedStream stream, int asked, Action<string, byte[]> heard, TaskCompletionSource confirmed)
    {
        try
        {
            while (true)
            {
                var items = ReadReply(stream);
                switch (Encoding.UTF8.GetString(items[0]))
                {
                    case "message" or "pmessage":
                        heard(Encoding.UTF8.GetString(items[^2]), items[^1]);
                        break;
                    case "subscribe" or "psubscribe" when Encoding.UTF8.GetString(items[^1]) == $":{asked}":
                        confirmed.SetResult();
                        break;
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or FormatException)
        {
            confirmed.TrySetException(error);
        }
    }

    private static List<byte[]> ReadReply(BufferedStream stream)
    {
        var head = ReadLine(stream);
        if (head[0] == '-')
            throw new FormatException(head);
        if (head[0] != '*')
            return [Encoding.UTF8.GetBytes(head)];
        var items = new List<byte[]>();
        for (var left = int.Parse(head[1..]); left > 0; left--)
        {
            var item = ReadLine(stream);
            items.Add(item[0] == '$' ? ReadBytes(stream, int.Parse(item[1..])) : Encoding.UTF8.GetBytes(item));
        }

        return items;
    }

    private static byte[] ReadBytes(BufferedStream stream, int length)
    {
        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        ReadLine(stream);
        return bytes;
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
