using Microsoft.Extensions.Logging;

namespace StreamActors.Node;

/// <content>The texts.</content>
internal sealed partial class RunLog
{
    [LoggerMessage(1, LogLevel.Information, "Starting {Pipelines} (streamactors {Version})")]
    private partial void Starting(string pipelines, string version);

    [LoggerMessage(2, LogLevel.Warning, "{Name} is ignored: {Why}")]
    private partial void Ignored(string name, string why);

    [LoggerMessage(3, LogLevel.Information, "Settings that are not the default: {Settings}")]
    private partial void Settings(string settings);

    [LoggerMessage(4, LogLevel.Information,
        "Starting HTTP API on {Host}:{Port}: /health, /health/live, /health/ready, /metrics; Prometheus on {Metrics}")]
    private partial void TwoPorts(string host, int port, int metrics);

    [LoggerMessage(7, LogLevel.Information,
        "Starting HTTP API on {Host}:{Port}: /health, /health/live, /health/ready, /metrics; METRICS_PORT is the same, "
        + "so /metrics is always Prometheus text there, and the JSON is nowhere")]
    private partial void OnePort(string host, int port);

    [LoggerMessage(5, LogLevel.Information,
        "{Pipeline} stopped. Consumed: {Consumed}, published: {Published}, merged by windows: {Merged}, "
        + "duplicates skipped: {Duplicates}, invalid: {Invalid}, of them dead letters: {DeadLetters}, "
        + "refused by a sink: {Refused}, not done: {Undone}")]
    private partial void Totals(
        string pipeline, long consumed, long published, long merged, long duplicates, long invalid, long deadLetters,
        long refused, long undone);

    [LoggerMessage(6, LogLevel.Error, "{Why}")]
    public partial void Cut(string why);
}
