using System.Net.Sockets;

namespace StreamActors.Node.Cli;

/// <summary>Answers whether the ports of a node can be listened on, by listening on them for a moment.</summary>
internal static class PortCheck
{
    /// <summary>A finding a port.</summary>
    public static IEnumerable<Finding> Run(NodeSettings settings)
    {
        if (settings.MetricsPort == settings.ApiPort)
        {
            yield return Check(settings.ApiHost, settings.ApiPort, "API_PORT and METRICS_PORT");
            yield break;
        }

        yield return Check(settings.ApiHost, settings.ApiPort, "API_PORT");
        yield return Check(settings.ApiHost, settings.MetricsPort, "METRICS_PORT");
    }

    private static Finding Check(string host, int port, string variable)
    {
        try
        {
            foreach (var address in Ports.AddressesOf(host))
            {
                using var listener = new TcpListener(address, port);
                listener.Start();
            }

            return new Finding(true, $"Port {port} ({variable}) is free.", "");
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return new Finding(
                false,
                $"Port {port} ({variable}) is in use by another process, perhaps by a node that runs already.",
                $"Stop that process, or set {variable} to a free port.");
        }
        catch (SocketException error)
        {
            return new Finding(
                false,
                $"Port {port} ({variable}) cannot be listened on at {host}: {error.Message}.",
                $"Set API_HOST to an address of this machine, and {variable} to a port that this user may listen on.");
        }
    }
}
