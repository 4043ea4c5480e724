using System.Globalization;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace StreamActors.Hosting;

/// <summary>Gives words to a web server that cannot listen.</summary>
internal static class ListenFailure
{
    /// <summary>What to say of an exception that ended a start; null where it is not about listening.</summary>
    public static string? Explain(Exception error, ListenSettings settings) => error switch
    {
        IOException { InnerException: AddressInUseException } => InUse(error.Message, settings),
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } =>
            $"{CannotListen(error, settings)} Set {settings.Address} to an address of this machine.",
        SocketException { SocketErrorCode: SocketError.AccessDenied } =>
            $"{CannotListen(error, settings)} Set {settings.Port(null)} to what this user may listen on.",
        _ => null,
    };

    /// <summary>The server's message names the address, port and all.</summary>
    private static string InUse(string message, ListenSettings settings)
    {
        var number = Array.FindLast(
            message.Split(':'),
            static part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _));
        return number is null
            ? $"{message.TrimEnd('.')}. Set {settings.Port(null)} to a free one."
            : $"Port {number} is in use by another process. "
                + $"Set {settings.Port(int.Parse(number, CultureInfo.InvariantCulture))} to a free one.";
    }

    private static string CannotListen(Exception error, ListenSettings settings) =>
        $"Cannot listen on {settings.At}: {error.Message.TrimEnd('.')}.";
}

/// <summary>By which settings a host says where it listens.</summary>
/// <param name="At">Where it should listen, as it is set: a server that failed has forgotten its addresses.</param>
/// <param name="Address">The setting of the address.</param>
/// <param name="Port">The setting of a port; of null, that of all.</param>
internal sealed record ListenSettings(string At, string Address, Func<int?, string> Port);
