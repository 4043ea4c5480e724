using System.Globalization;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace StreamActors.Hosting;

/// <summary>Gives words to a web server that cannot listen.</summary>
internal static class ListenFailure
{
    /// <summary>What to say of an exception that ended a start; null where it is not about listening.</summary>
    public static string? Explain(Exception error, IServiceProvider services) => error switch
    {
        IOException { InnerException: AddressInUseException } => InUse(error.Message),
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } =>
            $"{CannotListen(error, services)} Set Urls to an address of this machine.",
        SocketException { SocketErrorCode: SocketError.AccessDenied } =>
            $"{CannotListen(error, services)} Set Urls to a port that this user may listen on.",
        _ => null,
    };

    /// <summary>The server's message names the address, port and all.</summary>
    private static string InUse(string message)
    {
        var number = Array.FindLast(
            message.Split(':'),
            static part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _));
        var port = number is null ? "A port" : $"Port {number}";
        return $"{port} is in use by another process: {message.TrimEnd('.')}. Set Urls to a free one.";
    }

    private static string CannotListen(Exception error, IServiceProvider services)
    {
        // The server has forgotten its addresses by now.
        var at = services.GetRequiredService<IConfiguration>()["urls"] ?? "an address";
        return $"Cannot listen on {at}: {error.Message.TrimEnd('.')}.";
    }
}
