using System.Net;
using Microsoft.Extensions.Logging;
using StreamActors.Configuration;
using StreamActors.Hosting;

namespace StreamActors.Pipelines.Tests.Hosting;

public sealed class OtlpTests
{
    [Fact]
    public void Without_an_endpoint_nothing_is_sent() => OtlpOptions.Read(Reader()).ShouldBeNull();

    [Fact]
    public void An_endpoint_alone_means_gRPC_every_15_seconds_within_10()
    {
        var options = OtlpOptions.Read(
            Reader(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317")), ("service.name", "mine"))!;

        options.Protocol.ShouldBe(OtlpProtocol.Grpc);
        options.Interval.ShouldBe(TimeSpan.FromSeconds(15));
        options.Timeout.ShouldBe(TimeSpan.FromSeconds(10));
        options.Headers.ShouldBeEmpty();
        options.Resource.ShouldBe([("service.name", "mine")]);
    }

    [Fact]
    public void Each_of_the_standard_variables_has_its_effect()
    {
        var options = OtlpOptions.Read(
            Reader(
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector/otlp"),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
                ("OTEL_EXPORTER_OTLP_HEADERS", " authorization=Bearer%20a%3D%2C, x-tenant = t==,"),
                ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"), ("OTEL_METRIC_EXPORT_INTERVAL", "1000")))!;

        options.Endpoint.ShouldBe(new Uri("https://collector/otlp"));
        options.Protocol.ShouldBe(OtlpProtocol.HttpProtobuf);
        options.Headers.ShouldBe([("authorization", "Bearer a=,"), ("x-tenant", "t==")]);
        options.Timeout.ShouldBe(TimeSpan.FromSeconds(2.5));
        options.Interval.ShouldBe(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void The_service_name_beats_the_resource_attributes_and_these_beat_our_own()
    {
        var options = OtlpOptions.Read(
            Reader(
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"), ("OTEL_SERVICE_NAME", "given"),
                ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,deployment.environment=eu,team=a%20b,team=last")),
            ("service.name", "ours"), ("service.version", "1"), ("deployment.environment", "local"))!;

        options.Resource.ShouldBe(
            [
                ("service.name", "given"), ("service.version", "1"), ("deployment.environment", "eu"),
                ("team", "last"),
            ],
            ignoreOrder: true);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "canary")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "a b=canary")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "a=%0Acanary")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "content-type=canary")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "https://user:canary@collector")]
    public void A_bad_secret_is_a_mistake_that_does_not_show_it(string variable, string value)
    {
        var reader = Reader((variable, value));

        OtlpOptions.Read(reader).ShouldBeNull();

        reader.Mistakes.ShouldHaveSingleItem().ShouldContain(variable);
        (string.Concat(reader.Mistakes) + string.Concat(reader.Settings)).ShouldNotContain("canary");
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "10s")]
    [InlineData("OTEL_METRIC_EXPORT_INTERVAL", "0")]
    [InlineData("OTEL_RESOURCE_ATTRIBUTES", "team")]
    public void A_bad_value_is_a_mistake(string variable, string value)
    {
        var reader = Reader((variable, value));

        OtlpOptions.Read(reader).ShouldBeNull();

        reader.Mistakes.ShouldHaveSingleItem().ShouldContain(variable);
    }

    [Fact]
    public void A_name_tells_its_unit()
    {
        static string UnitOf(string name) => new MetricFamily(name, "", MetricKind.Gauge, []).Unit;
        UnitOf("uptime_seconds").ShouldBe("s");
        UnitOf("memory_bytes").ShouldBe("By");
        UnitOf("allocated_bytes_total").ShouldBe("By");
        UnitOf("records_total").ShouldBe("");
    }

    [Fact]
    public async Task A_source_that_throws_is_told_once_with_its_error_and_the_next_export_is_sent()
    {
        using var receiver = new Receiver();
        var log = new LogLines();
        var options = new OtlpOptions
        {
            Endpoint = new Uri("http://c"),
            Protocol = OtlpProtocol.HttpProtobuf,
            Interval = TimeSpan.FromMilliseconds(20),
        };
        using var export = new OtlpExport(options, [new ThrowsTwice()], receiver, log, TimeProvider.System);

        await export.StartAsync(CancellationToken.None);
        await receiver.Got.Task.WaitAsync(TimeSpan.FromSeconds(10));
        await export.StopAsync(CancellationToken.None);

        log.Lines.Count.ShouldBe(2);
        log.Lines[0].ShouldBe("Warning: Metrics do not reach http://c/, trying again every 0.02 s; records are not "
            + "affected: a defect / InvalidOperationException");
        log.Lines[1].ShouldStartWith("Information: Metrics reach http://c/ again");
    }

    private static SettingsReader Reader(params (string Name, string Value)[] variables) =>
        EnvironmentSettings.Reader(variables.ToDictionary(static each => each.Name, static each => each.Value));

    private sealed class ThrowsTwice : IMetricSource
    {
        private int calls;

        public IEnumerable<MetricFamily> Collect() => ++calls <= 2
            ? throw new InvalidOperationException("a defect")
            : [MetricFamily.Of("a_total", "A.", MetricKind.Counter, calls)];
    }

    private sealed class Receiver : HttpMessageHandler
    {
        public TaskCompletionSource Got { get; } = new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken token)
        {
            Got.TrySetResult();
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));
        }
    }

    private sealed class LogLines : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Lines.Add($"{logLevel}: {formatter(state, exception)}"
                + (exception is null ? "" : $" / {exception.GetType().Name}"));
    }
}
