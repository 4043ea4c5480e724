using System.Net.Sockets;
using System.Text;

namespace StreamActors.Tests.RedisTests;

/// <summary>One message that a subscriber heard.</summary>
public sealed record Heard(string Channel, byte[] Message)
{
    public string Text => Encoding.UTF8.GetString(Message);
}

/// <summary>A subscriber over a plain socket, so that nothing of the code under test is used to test it.</summary>
public sealed class Subscriber : IDisposable
{
    private readonly TcpClient client = new();
    private readonly List<Heard> heard = [];

    /// <summary>All that was heard so far, in order.</summary>
    public IReadOnlyList<Heard> Heard
    {
        get
        {
            lock (heard)
                return [.. heard];
        }
    }

    /// <summary>Listens to all channels that start with a text; returns once the server has confirmed it.</summary>
    public static async Task<Subscriber> StartAsync(int port, string prefix)
    {
        var subscriber = new Subscriber();
        await subscriber.client.ConnectAsync("127.0.0.1", port);
        var pattern = prefix + "*";
        var length = Encoding.UTF8.GetByteCount(pattern);
        var stream = subscriber.client.GetStream();
        await stream.WriteAsync(
            Encoding.UTF8.GetBytes($"*2\r\n$10\r\nPSUBSCRIBE\r\n${length}\r\n{pattern}\r\n"));
        var confirmed = new TaskCompletionSource();
        _ = Task.Factory.StartNew(
            () => subscriber.Listen(new BufferedStream(stream, 1 << 16), confirmed), TaskCreationOptions.LongRunning);
        await confirmed.Task.WaitAsync(TimeSpan.FromSeconds(10));
        return subscriber;
    }

    /// <summary>Waits until so many messages were heard, then returns them.</summary>
    public async Task<IReadOnlyList<Heard>> UntilAsync(int count)
    {
        await Fixtures.Machine.UntilAsync(
            $"{count} messages are heard", TimeSpan.FromSeconds(20), () => Task.FromResult(Heard.Count >= count));
        return Heard;
    }

    public void Dispose() => client.Dispose();

    private void Listen(Stream stream, TaskCompletionSource confirmed)
    {
        try
        {
            while (true)
            {
                var items = ReadArray(stream);
                if (items is ["pmessage", _, _, _])
                {
                    lock (heard)
                        heard.Add(new(items[2], Last));
                }
                else
                {
                    confirmed.TrySetResult();
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            confirmed.TrySetException(error);
        }
    }

    private byte[] Last { get; set; } = [];

    private string[] ReadArray(Stream stream)
    {
        var items = new string[int.Parse(ReadLine(stream)[1..])];
        for (var i = 0; i < items.Length; i++)
        {
            var head = ReadLine(stream);
            if (head[0] == ':')
            {
                items[i] = head;
                continue;
            }

            Last = new byte[int.Parse(head[1..])];
            stream.ReadExactly(Last);
            ReadLine(stream);
            items[i] = Encoding.UTF8.GetString(Last);
        }

        return items;
    }

    private static string ReadLine(Stream stream)
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
