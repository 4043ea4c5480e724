using System.CommandLine;
using StreamActors.Hosting;

namespace StreamActors.Node.Cli;

/// <summary>The options that name peers, and what they do to the environment that settings are read from.</summary>
internal static class Peers
{
    /// <summary>Which Kafka.</summary>
    public static Option<string?> Kafka { get; } = new("--kafka")
    {
        Description = "The brokers, instead of KAFKA_BOOTSTRAP_SERVERS; the log-in stays that of the environment.",
        HelpName = "HOST:PORT",
        CustomParser = HostPort.ParseList,
    };

    /// <summary>Which Redis.</summary>
    public static Option<HostPort?> Redis { get; } = new("--redis")
    {
        Description = "The Redis, instead of REDIS_HOST and REDIS_PORT; the log-in stays that of the environment.",
        HelpName = "HOST:PORT",
        CustomParser = HostPort.Parse,
    };

    /// <summary>This process's environment, with the peers of the command line.</summary>
    public static IReadOnlyDictionary<string, string> Environment(ParseResult parsed)
    {
        var environment = EnvironmentSettings.Variables();
        if (parsed.GetValue(Kafka) is { } servers)
        {
            environment = With(environment, ("KAFKA_BOOTSTRAP_SERVERS", servers));
        }

        return parsed.GetValue(Redis) is var (host, port)
            ? With(environment, ("REDIS_HOST", host), ("REDIS_PORT", $"{port}"))
            : environment;
    }

    /// <summary>An environment in which some settings have other values, however they were written before.</summary>
    public static IReadOnlyDictionary<string, string> With(
        IReadOnlyDictionary<string, string> environment, params ReadOnlySpan<(string Name, string Value)> settings)
    {
        var changed = new Dictionary<string, string>(environment, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in settings)
        {
            // A reader prefers KAFKA__GROUP_ID to KAFKA_GROUP_ID.
            var split = name.IndexOf('_', StringComparison.Ordinal);
            changed.Remove($"{name[..split]}__{name[(split + 1)..]}");
            changed[name] = value;
        }

        return changed;
    }
}
