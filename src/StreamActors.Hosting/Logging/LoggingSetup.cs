using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace StreamActors.Hosting;

/// <summary>Adds our log lines to a host's logging.</summary>
internal static class LoggingSetup
{
    /// <summary>Writes one line an entry to standard output, as text or as JSON.</summary>
    public static ILoggingBuilder AddLines(this ILoggingBuilder logging, Action<LineFormat> format)
    {
        logging.AddConsole(static console => console.FormatterName = LineFormatter.FormatterName);
        logging.AddConsoleFormatter<LineFormatter, LineFormat>(format);
        logging.Services.TryAddSingleton(TimeProvider.System);
        return logging;
    }
}
