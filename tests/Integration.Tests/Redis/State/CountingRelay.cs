using System.Net;
using System.Net.Sockets;

namespace StreamActors.Tests.RedisTests;

/// <summary>
/// A wire to Redis that understands where commands begin and end, and breaks the connection at a chosen one: before it
/// reaches the server, or when it has been answered, in place of the answer. The commands of a connection's beginning
/// (PING, ROLE) do not count.
/// </summary>
internal sealed class CountingRelay : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly int target;
    private readonly Lock gate = new();
    private int left = -1;
    private bool whenAnswered;
    private bool broke;

    public CountingRelay(int target)
    {
        this.target = target;
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _ = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Breaks at a command from now: 0 is the next.</summary>
    /// <returns>Takes it back, and tells whether it broke.</returns>
    public Func<bool> BreakAt(int command, bool answered)
    {
        lock (gate)
        {
            (left, whenAnswered, broke) = (command, answered, false);
        }

        return () =>
        {
            lock (gate)
            {
                left = -1;
                return broke;
            }
        };
    }

    public void Dispose() => listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await listener.AcceptSocketAsync();
                _ = CarryAsync(near);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // disposed
        }
    }

    private async Task CarryAsync(Socket near)
    {
        using (near)
        using (var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true })
        {
            near.NoDelay = true;
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, target);
                await Task.WhenAny(CarryCommandsAsync(near, far), CarryAnswersAsync(far, near));
            }
            catch (SocketException)
            {
                // The server is away: so is the wire.
            }
        }
    }

    private static async Task CarryAnswersAsync(Socket far, Socket near)
    {
        var buffer = new byte[64 * 1024];
        while (await far.ReceiveAsync(buffer) is var read and > 0)
        {
            await near.SendAsync(buffer.AsMemory(0, read));
        }
    }

    private async Task CarryCommandsAsync(Socket near, Socket far)
    {
        var (buffer, used) = (new byte[64 * 1024], 0);
        while (await near.ReceiveAsync(buffer.AsMemory(used)) is var read and > 0)
        {
            used += read;
            var taken = 0;
            while (LengthOf(buffer.AsSpan(taken, used - taken)) is var length and > 0)
            {
                var command = buffer.AsMemory(taken, length);
                if (IsCounted(command.Span) && Comes())
                {
                    await BreakAsync(command);
                    return;
                }

                await far.SendAsync(command);
                taken += length;
            }

            buffer.AsSpan(taken, used - taken).CopyTo(buffer);
            used -= taken;
            if (used == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }
    }

    // What reaches the server after all does so over a connection of its own: the answer to it shows that it is done,
    // with all that went before it on the broken one.
    private async Task BreakAsync(ReadOnlyMemory<byte> command)
    {
        if (!whenAnswered)
        {
            return;
        }

        using var alone = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await alone.ConnectAsync(IPAddress.Loopback, target);
        await alone.SendAsync(command);
        await alone.ReceiveAsync(new byte[1]);
    }

    private bool Comes()
    {
        lock (gate)
        {
            if (left < 0 || left-- > 0)
            {
                return false;
            }

            return broke = true;
        }
    }

    private static bool IsCounted(ReadOnlySpan<byte> command) =>
        command.IndexOf("PING\r\n"u8) != 8 && command.IndexOf("ROLE\r\n"u8) != 8;

    private static int LengthOf(ReadOnlySpan<byte> from)
    {
        if (!TryReadLine(from, 0, out var words, out var at))
        {
            return 0;
        }

        for (; words > 0; words--)
        {
            if (!TryReadLine(from, at, out var length, out at) || from.Length < at + length + 2)
            {
                return 0;
            }

            at += length + 2;
        }

        return at;
    }

    private static bool TryReadLine(ReadOnlySpan<byte> from, int at, out int number, out int next)
    {
        var end = at < from.Length ? from[at..].IndexOf("\r\n"u8) : -1;
        (number, next) = (0, at + end + 2);
        return end > 0 && int.TryParse(from.Slice(at + 1, end - 1), out number);
    }
}
