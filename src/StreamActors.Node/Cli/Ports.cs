using System.Net;
using System.Net.Sockets;

namespace StreamActors.Node.Cli;

/// <summary>Where this machine can be listened on.</summary>
internal static class Ports
{
    /// <summary>
    /// The addresses that a name stands for, all of them: who connects to <c>localhost</c> may try ::1 first. Those
    /// that this machine does not have (no IPv6) are left out, unless there is no other.
    /// </summary>
    /// <exception cref="SocketException">The name cannot be resolved.</exception>
    public static IReadOnlyList<IPAddress> AddressesOf(string host) => AddressesOf(host, Dns.GetHostAddresses);

    internal static IReadOnlyList<IPAddress> AddressesOf(string host, Func<string, IEnumerable<IPAddress>> resolve)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return [address];
        }

        var all = resolve(host).Distinct().ToList();
        return all.Exists(IsHere) ? all.FindAll(IsHere) : all;
    }

    /// <summary>A port of loopback that nobody has now.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>
    /// The first of so many ports of loopback in a row that nobody has now. Below the system's own choice: a client
    /// that asks again and again for a server that is down, on a port of that range, in the end connects to itself,
    /// and then the server cannot come back.
    /// </summary>
    public static int Row(int count)
    {
        const int First = 10_000;
        const int Last = 32_000;
        var chance = new Random(Environment.ProcessId);
        while (true)
        {
            var first = chance.Next(First, Last - count);
            if (Enumerable.Range(first, count).All(IsFree))
            {
                return first;
            }
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static bool IsHere(IPAddress address)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
