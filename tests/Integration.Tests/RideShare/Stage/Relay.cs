using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace StreamActors.Tests.RideShare;

/// <summary>
/// A wire between a node and a server that can be cut, jammed and made long, while the test's own connections to the
/// server go on.
/// </summary>
internal sealed class Relay : IDisposable
{
    private readonly ConcurrentBag<TcpClient> ends = [];
    private TcpListener listener = new(IPAddress.Loopback, 0);
    private volatile bool jammed;
    private long delay;

    /// <summary>A wire to a port of loopback; it carries from the start.</summary>
    public Relay(int target)
    {
        Target = target;
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _ = AcceptAsync(listener);
    }

    /// <summary>Where the node connects to.</summary>
    public int Port { get; }

    /// <summary>Where new connections lead to.</summary>
    public int Target { get; set; }

    /// <summary>How much later answers arrive than they were given.</summary>
    public TimeSpan Delay
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref delay));
        set => Interlocked.Exchange(ref delay, value.Ticks);
    }

    /// <summary>Breaks all connections, and refuses new ones.</summary>
    public void Cut()
    {
        listener.Stop();
        while (ends.TryTake(out var end))
        {
            end.Dispose();
        }
    }

    /// <summary>Carries again after a cut.</summary>
    public void Mend()
    {
        jammed = false;
        listener = new TcpListener(IPAddress.Loopback, Port);
        listener.Start();
        _ = AcceptAsync(listener);
    }

    /// <summary>Keeps connections, takes new ones, and carries nothing.</summary>
    public void Jam() => jammed = true;

    /// <summary>Carries again after a jam, what waited first.</summary>
    public void Clear() => jammed = false;

    public void Dispose() => Cut();

    private async Task AcceptAsync(TcpListener from)
    {
        try
        {
            while (true)
            {
                var near = await from.AcceptTcpClientAsync();
                ends.Add(near);
                _ = CarryAsync(near);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // cut
        }
    }

    private async Task CarryAsync(TcpClient near)
    {
        var far = new TcpClient();
        ends.Add(far);
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, Target);
            await Task.WhenAny(
                CarryAsync(near.GetStream(), far.GetStream(), static () => TimeSpan.Zero),
                CarryAsync(far.GetStream(), near.GetStream(), () => Delay));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // cut, or nobody is there: the other end is told by the close below
        }

        near.Dispose();
        far.Dispose();
    }

    private async Task CarryAsync(NetworkStream from, NetworkStream to, Func<TimeSpan> late)
    {
        var wire = Channel.CreateUnbounded<(byte[] Bytes, long Due)>();
        var writer = WriteAsync(wire.Reader, to);
        var buffer = new byte[1 << 16];
        try
        {
            for (int read; (read = await from.ReadAsync(buffer)) > 0;)
            {
                var due = Environment.TickCount64 + (long)late().TotalMilliseconds;
                wire.Writer.TryWrite((buffer[..read], due));
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // cut
        }

        wire.Writer.Complete();
        await writer;
    }

    private async Task WriteAsync(ChannelReader<(byte[] Bytes, long Due)> wire, NetworkStream to)
    {
        try
        {
            await foreach (var (bytes, due) in wire.ReadAllAsync())
            {
                while (jammed || Environment.TickCount64 < due)
                {
                    await Task.Delay(5);
                }

                await to.WriteAsync(bytes);
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // cut
        }
    }
}
