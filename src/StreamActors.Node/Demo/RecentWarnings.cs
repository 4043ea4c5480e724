using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace StreamActors.Node.Demo;

/// <summary>
/// Keeps the last warnings and errors of all loggers, those with the same event id as one that counts, so that log
/// lines never tear a live view and a warning that repeats does not push the others out.
/// </summary>
internal sealed class RecentWarnings(TimeProvider time) : ILoggerProvider
{
    // Invalid records are what the simulator sends on purpose; how many there are is shown as a number.
    private const int InvalidRecords = 1020;

    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<int, RecentWarning> kept = new();

    /// <summary>What was said of each kind within the last minute, the newest first.</summary>
    public IReadOnlyList<RecentWarning> Newest
    {
        get
        {
            var oldest = time.GetLocalNow() - Kept;
            return [.. kept.Values.Where(warning => warning.At > oldest).OrderByDescending(static each => each.At)];
        }
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(this);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private void Add(LogLevel level, EventId id, string text)
    {
        var now = time.GetLocalNow();
        kept.AddOrUpdate(
            id.Id,
            kind => new RecentWarning(kind, now, level, text, 1),
            (kind, before) => new RecentWarning(kind, now, level, text, before.Times + 1));
    }

    private sealed class Logger(RecentWarnings owner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel) && eventId.Id != InvalidRecords)
            {
                var text = formatter(state, exception);
                owner.Add(logLevel, eventId, exception is null ? text : $"{text}: {exception.Message}");
            }
        }
    }
}

/// <summary>The last of the warnings of one kind.</summary>
/// <param name="Kind">Its event id.</param>
/// <param name="At">When it was said.</param>
/// <param name="Level">How bad it is.</param>
/// <param name="Text">What it says.</param>
/// <param name="Times">How often its kind was said.</param>
internal sealed record RecentWarning(int Kind, DateTimeOffset At, LogLevel Level, string Text, int Times)
{
    /// <summary>The warning in a line.</summary>
    public override string ToString()
    {
        var level = Level == LogLevel.Warning ? "warning" : "error";
        return $"{level}: {Text.ReplaceLineEndings(" ")}{(Times > 1 ? $" (×{Times})" : "")}";
    }
}
