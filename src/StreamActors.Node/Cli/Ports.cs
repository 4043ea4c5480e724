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
