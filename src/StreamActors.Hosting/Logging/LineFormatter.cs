using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace StreamActors.Hosting;

/// <summary>
/// A log line an entry: <c>2026-11-21 03:14:05,152 - StreamActors.Engine - INFO - text</c>, or a JSON object with the
/// same facts. Line breaks of a text never break a line of JSON.
/// </summary>
internal sealed class LineFormatter(IOptions<LineFormat> options, TimeProvider time) : ConsoleFormatter(FormatterName)
{
    /// <summary>The name under which the console logger finds it.</summary>
    public const string FormatterName = "streamactors";

    private readonly LineFormat format = options.Value;

    /// <inheritdoc/>
    public override void Write<TState>(
        in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var text = logEntry.Formatter(logEntry.State, logEntry.Exception);
        var now = time.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss,fff", null);
        var level = LevelName(logEntry.LogLevel);
        textWriter.WriteLine(format.Json
            ? Json(now, level, logEntry.Category, text, logEntry.Exception)
            : Plain(now, level, logEntry.Category, text, logEntry.Exception));
    }

    private static string Plain(string now, string level, string logger, string text, Exception? error) =>
        error is null
            ? $"{now} - {logger} - {level} - {text}"
            : $"{now} - {logger} - {level} - {text}{Environment.NewLine}{error}";

    private static string LevelName(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "DEBUG",
        LogLevel.Warning => "WARNING",
        LogLevel.Error => "ERROR",
        LogLevel.Critical => "CRITICAL",
        _ => "INFO",
    };

    private string Json(string now, string level, string logger, string text, Exception? error)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("timestamp", now);
            json.WriteString("level", level);
            json.WriteString("logger", logger);
            json.WriteString("message", text);
            json.WriteString("service_name", format.ServiceName);
            json.WriteString("environment", format.Environment);
            if (error is not null)
            {
                json.WriteString("exception", error.ToString());
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}

/// <summary>How log lines look.</summary>
internal sealed class LineFormat : ConsoleFormatterOptions
{
    /// <summary>Whether each line is a JSON object.</summary>
    public bool Json { get; set; }

    /// <summary>The service's name in JSON lines.</summary>
    public string ServiceName { get; set; } = "streamactors";

    /// <summary>The deployment's name in JSON lines.</summary>
    public string Environment { get; set; } = "development";
}
