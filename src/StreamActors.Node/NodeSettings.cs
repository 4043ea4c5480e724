using StreamActors.Hosting;

namespace StreamActors.Node;

/// <summary>The settings of the process, whatever pipelines it runs.</summary>
internal sealed record NodeSettings
{
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

    /// <summary>The name of the deployment in exported metrics.</summary>
    public required string Deployment { get; init; }

    /// <summary>Where metrics are sent; null = nowhere.</summary>
    public required Uri? Otlp { get; init; }

    /// <summary>Reads the settings; mistakes are the reader's.</summary>
    public static NodeSettings Read(SettingsReader reader)
    {
        var otlp = reader.Text("OTEL_EXPORTER_OTLP_ENDPOINT", "");
        if (otlp.Length > 0 && !Uri.IsWellFormedUriString(otlp, UriKind.Absolute))
        {
            reader.Mistake(
                $"OTEL_EXPORTER_OTLP_ENDPOINT is \"{otlp}\": it must be a URL, such as http://localhost:4317.");
            otlp = "";
        }

        return new NodeSettings
        {
            ApiHost = reader.Text("API_HOST", "0.0.0.0"),
            ApiPort = reader.Number("API_PORT", 8080, 0, 65_535),
            MetricsPort = reader.Number("METRICS_PORT", 9464, 0, 65_535),
            LogLevel = reader.OneOf("LOG_LEVEL", "INFO", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
            JsonLogs = reader.OneOf("LOG_FORMAT", "text", "text", "json") == "json",
            Environment = reader.Text("ENVIRONMENT", "development"),
            Deployment = reader.Text("DEPLOYMENT_ENV", "local"),
            Otlp = otlp.Length > 0 ? new Uri(otlp) : null,
        };
    }
}
