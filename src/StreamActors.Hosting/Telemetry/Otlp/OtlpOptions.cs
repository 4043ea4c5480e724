using StreamActors.Configuration;

namespace StreamActors.Hosting;

/// <summary>Where metrics are sent, in OpenTelemetry's own words and variables.</summary>
public sealed record OtlpOptions
{
    private static readonly (string Name, string Why)[] NotRead =
    [
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT is read"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "metrics are cumulative"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "a request is a few kilobytes, and not compressed"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "the system's authorities are trusted; SSL_CERT_FILE names others"),
    ];

    /// <summary>The receiver, such as <c>http://otel-collector:4317</c>; nobody's name or password is in it.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>How it is spoken to.</summary>
    public OtlpProtocol Protocol { get; init; }

    /// <summary>Headers of every request, such as a token; never logged.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>How long a request may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The time between two exports.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Who sends: <c>service.name</c> and the like.</summary>
    public IReadOnlyList<(string Name, string Value)> Resource { get; init; } = [];

    /// <summary>The endpoint for a log: without a query, which may hold a token.</summary>
    internal string Address =>
        Endpoint.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>Reads OpenTelemetry's variables; mistakes are the reader's.</summary>
    /// <param name="reader">The variables.</param>
    /// <param name="resource">Who sends, as far as the variables do not say otherwise.</param>
    /// <returns>Null without an endpoint: nothing is sent.</returns>
    internal static OtlpOptions? Read(SettingsReader reader, params IReadOnlyList<(string Name, string Value)> resource)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var endpoint = reader.OptionalUrl("OTEL_EXPORTER_OTLP_ENDPOINT", null, "http://otel-collector:4317");
        var protocol = reader.OneOf("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "grpc", "http/protobuf");
        var headers = reader.Pairs("OTEL_EXPORTER_OTLP_HEADERS", isSecret: true);
        if (headers.Any(static header => !IsHeader(header.Name, header.Value)))
        {
            reader.Mistake("OTEL_EXPORTER_OTLP_HEADERS holds what cannot be a header of a request.");
        }

        var timeout = reader.Number("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000, 1, 600_000);
        var interval = reader.Number("OTEL_METRIC_EXPORT_INTERVAL", 15_000, 100, 3_600_000);
        var given = reader.Pairs("OTEL_RESOURCE_ATTRIBUTES", isSecret: false);
        var service = reader.Text("OTEL_SERVICE_NAME", "");
        Array.ForEach(NotRead, each => reader.Ignored(each.Name, each.Why));
        IEnumerable<(string Name, string Value)> named = service.Length > 0 ? [("service.name", service)] : [];
        return endpoint is null ? null : new OtlpOptions
        {
            Endpoint = endpoint,
            Protocol = protocol == "grpc" ? OtlpProtocol.Grpc : OtlpProtocol.HttpProtobuf,
            Headers = headers,
            Timeout = TimeSpan.FromMilliseconds(timeout),
            Interval = TimeSpan.FromMilliseconds(interval),
            Resource = [.. named.Concat(given.Reverse()).Concat(resource).DistinctBy(static each => each.Name)],
        };
    }

    private static bool IsHeader(string name, string value)
    {
        using var request = new HttpRequestMessage();
        return !value.Any(char.IsControl) && request.Headers.TryAddWithoutValidation(name, value);
    }
}

/// <summary>How metrics are sent.</summary>
public enum OtlpProtocol
{
    /// <summary>gRPC over HTTP/2; a receiver's usual port is 4317.</summary>
    Grpc,

    /// <summary>Plain requests to <c>/v1/metrics</c> below the endpoint; a receiver's usual port is 4318.</summary>
    HttpProtobuf,
}
