using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Chaos;

/// <summary>
/// The network between one node and one server: a port that leads to another, and can be slow, dead, or break what
/// runs over it.
/// </summary>
internal sealed class Relay : IDisposable
{
    private const int ChunkBytes = 64 * 1024;
    private const int ChunksUnderWay = 64;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    private readonly TcpListener listener;
    private readonly Lock gate = new();
    private readonly HashSet<Socket> ends = [];    // guarded by gate
    private volatile HostPort target;
    private volatile bool isCut;
    private long delay;

    /// <summary>Carries from the start.</summary>
    /// <param name="port">Where the node connects to, on loopback.</param>
    /// <param name="target">Where that leads.</param>
    public Relay(int port, HostPort target)
    {
        this.target = target;
        Port = port;
        listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Where the node connects to.</summary>
    public int Port { get; }

    /// <summary>Each packet takes so much longer, either way.</summary>
    public TimeSpan Delay
    {
        set => Interlocked.Exchange(ref delay, value.Ticks);
    }

    /// <summary>
    /// Whether nothing arrives any more, though connections stay and are made: a cable that is out. What was sent
    /// meanwhile arrives when it is in again.
    /// </summary>
    public bool IsCut
    {
        set => isCut = value;
    }

    /// <summary>New connections lead to another server; those that are, break.</summary>
    public void LeadTo(HostPort other)
    {
        target = other;
        Reset();
    }

    /// <summary>Breaks all connections, with a reset at both ends.</summary>
    public void Reset()
    {
        lock (gate)
        {
            foreach (var end in ends)
            {
                end.LingerState = new LingerOption(enable: true, seconds: 0);
                end.Dispose();
            }

            ends.Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        listener.Dispose();
        Reset();
    }

    /// <summary>Does something until a socket breaks: by the network, or because it is closed here.</summary>
    private static async Task UntilBrokenAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (SocketException)
        {
            // nobody is there, or a reset from afar: whoever closes next tells the other end
        }
        catch (ObjectDisposedException)
        {
            // a reset from here
        }
    }

    private Task AcceptAsync() => UntilBrokenAsync(async () =>
    {
        while (true)
        {
            _ = CarryAsync(await listener.AcceptSocketAsync());
        }
    });

    private async Task CarryAsync(Socket near)
    {
        var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        lock (gate)
        {
            ends.UnionWith([near, far]);
        }

        await UntilBrokenAsync(async () =>
        {
            await far.ConnectAsync(target.Host, target.Port);
            await Task.WhenAny(CarryAsync(near, far), CarryAsync(far, near));
        });
        lock (gate)
        {
            ends.ExceptWith([near, far]);
        }

        near.Dispose();
        far.Dispose();
    }

    private async Task CarryAsync(Socket from, Socket to)
    {
        var wire = Channel.CreateBounded<(byte[] Bytes, long Due)>(ChunksUnderWay);
        var writing = WriteAsync(wire.Reader, to);
        var buffer = new byte[ChunkBytes];
        await UntilBrokenAsync(async () =>
        {
            for (int read; (read = await from.ReceiveAsync(buffer)) > 0;)
            {
                var wait = Interlocked.Read(ref delay);
                if (wait == 0 && !isCut && wire.Reader.Count == 0)
                {
                    // Straight through, which is cheaper: nothing is under way.
                    await to.SendAsync(buffer.AsMemory(0, read));
                }
                else
                {
                    var due = TimeProvider.System.GetUtcNow().UtcTicks + wait;
                    await wire.Writer.WriteAsync((buffer[..read], due));
                }
            }
        });
        wire.Writer.Complete();
        await writing;
    }

    private async Task WriteAsync(ChannelReader<(byte[] Bytes, long Due)> wire, Socket to)
    {
        await UntilBrokenAsync(async () =>
        {
            while (await wire.WaitToReadAsync())
            {
                // It counts as under way until it is sent.
                while (wire.TryPeek(out var chunk))
                {
                    while (isCut || TimeProvider.System.GetUtcNow().UtcTicks < chunk.Due)
                    {
                        await Task.Delay(Poll, TimeProvider.System);
                    }

                    await to.SendAsync(chunk.Bytes);
                    wire.TryRead(out _);
                }
            }
        });

        // What is still to come goes nowhere; the reader ends with its socket.
        await foreach (var _ in wire.ReadAllAsync())
        {
        }
    }
}
