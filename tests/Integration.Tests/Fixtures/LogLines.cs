using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace StreamActors.Tests.Fixtures;

/// <summary>What is logged, in any category.</summary>
/// <param name="lines">Takes the lines.</param>
/// <param name="failuresOnly">
/// Whether only those count that are errors or have an exception, which then stands behind the text.
/// </param>
internal sealed class LogLines(ConcurrentQueue<string> lines, bool failuresOnly = false) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        var text = formatter(state, exception);
        if (!failuresOnly)
        {
            lines.Enqueue(text);
        }
        else if (logLevel >= LogLevel.Error || exception is not null)
        {
            lines.Enqueue($"{text} {exception}");
        }
    }

    public void Dispose()
    {
    }
}
