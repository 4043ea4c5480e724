using StreamActors.Configuration;
using StreamActors.Hosting;

namespace StreamActors.Node;

/// <summary>The settings of the process, whatever pipelines it runs.</summary>
internal sealed record NodeSettings
{
    /// <summary>The name of the service in logs and exported metrics: that of the one that it replaces.</summary>
    public const string ServiceName = "stream-processor";

    /// <summary>The address that the pages are served on.</summary>
    public required string ApiHost { get; init; }

    /// <summary>The port that the pages are served on.</summary>
    public required int ApiPort { get; init; }

    /// <summary>The port of the Prometheus page.</summary>
    public required int MetricsPort { get; init; }

    /// <summary>The lowest level that is logged.</summary>
    public required string LogLevel { get; init; }

    /// <summary>Whether log lines are JSON.</summary>
    public required bool JsonLogs { get; init; }

    /// <summary>The name of the environment in JSON log lines.</summary>
    public required string Environment { get; init; }

    /// <summary>Where metrics are sent; null = nowhere.</summary>
    public required OtlpOptions? Otlp { get; init; }

    /// <summary>Reads the settings; mistakes are the reader's.</summary>
    public static NodeSettings Read(SettingsReader reader)
    {
        return new NodeSettings
        {
            ApiHost = reader.Text("API_HOST", "0.0.0.0"),
            ApiPort = reader.Number("API_PORT", 8080, 1, 65_535),
            MetricsPort = reader.Number("METRICS_PORT", 9464, 1, 65_535),
            LogLevel = reader.OneOf(
                "LOG_LEVEL", "INFO", "DEBUG", "INFO", "WARNING", "WARN", "ERROR", "CRITICAL", "FATAL"),
            JsonLogs = reader.OneOf("LOG_FORMAT", "text", "text", "json") == "json",
            Environment = reader.Text("ENVIRONMENT", "development"),
            Otlp = OtlpOptions.Read(
                reader,
                ("service.name", ServiceName),
                ("service.version", ThisAssembly.Version),
                // Two nodes must never write the same series.
                ("service.instance.id", $"{System.Environment.MachineName}-{System.Environment.ProcessId}"),
                ("deployment.environment", reader.Text("DEPLOYMENT_ENV", "local"))),
        };
    }
}
