using System.CommandLine.Parsing;
using System.Globalization;

namespace StreamActors.Node.Cli;

/// <summary>An address on a command line: <c>host:port</c>, or <c>[address]:port</c> for IPv6.</summary>
/// <param name="Host">The host's name or address, without brackets.</param>
/// <param name="Port">The port.</param>
internal sealed record HostPort(string Host, int Port)
{
    /// <summary>Parses the only value of an option that names a Redis.</summary>
    public static HostPort? Parse(ArgumentResult result)
    {
        var parsed = Parse(result.Tokens[^1].Value);
        if (parsed is null)
        {
            result.AddError(Mistake(result, "localhost:6379"));
        }

        return parsed;
    }

    /// <summary>Checks a list of brokers, <c>host:port</c> separated by commas, and leaves it as it is.</summary>
    public static string? ParseList(ArgumentResult result)
    {
        var list = result.Tokens[^1].Value;
        if (list.Split(',').Any(static part => Parse(part) is null))
        {
            result.AddError(Mistake(result, "localhost:9092"));
        }

        return list;
    }

    /// <summary>Parses an address; null where it is none.</summary>
    internal static HostPort? Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0
            && int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is > 0 and <= ushort.MaxValue
                ? new HostPort(text[..colon].Trim('[', ']'), port)
                : null;
    }

    private static string Mistake(ArgumentResult result, string example) =>
        $"{((OptionResult)result.Parent!).Option.Name} is \"{result.Tokens[^1].Value}\": it must be HOST:PORT, "
        + $"such as {example}.";
}
