using Microsoft.Extensions.Logging;
using StreamActors.Configuration;
using NodeHost = StreamActors.Hosting.Node;

namespace StreamActors.Node;

/// <summary>What <c>streamactors run</c> says at its start and at its end.</summary>
internal sealed partial class RunLog(ILoggerFactory loggers)
{
    private readonly ILogger log = loggers.CreateLogger("StreamActors.Node");

    /// <summary>Says what starts, with which settings.</summary>
    public void Starting(IReadOnlyList<string> pipelines, IReadOnlyList<Setting> settings)
    {
        Starting(string.Join(", ", pipelines), ThisAssembly.Version);
        foreach (var setting in settings.Where(static setting => setting.Ignored is not null))
        {
            Ignored(setting.Name, setting.Ignored!);
        }

        Settings(string.Join(", ", settings
            .Where(static setting => setting.From is not null && setting.Ignored is null)
            .Select(static setting => $"{setting.Name}={setting.Value}")));
    }

    /// <summary>Says where the pages are.</summary>
    public void Listening(NodeSettings settings)
    {
        if (settings.ApiPort == settings.MetricsPort)
        {
            OnePort(settings.ApiHost, settings.ApiPort);
        }
        else
        {
            TwoPorts(settings.ApiHost, settings.ApiPort, settings.MetricsPort);
        }
    }

    /// <summary>
    /// Says what became of all records. With one output a record, as ride-share has, the others add up to the consumed.
    /// </summary>
    public void Totals(NodeHost node)
    {
        foreach (var pipeline in node.Pipelines.Select(static each => each.Pipeline))
        {
            var routes = pipeline.Metrics.Routes.Select(static route => route.Counters).ToList();
            Totals(
                pipeline.Name,
                routes.Sum(static route => route.Received),
                pipeline.Metrics.Published,
                routes.Sum(static route => route.Merged),
                routes.Sum(static route => route.Duplicates),
                routes.Sum(static route => route.Rejected + route.Failed),
                routes.Sum(static route => route.DeadLettered),
                pipeline.Metrics.Refused,
                routes.Sum(static route => route.Undone));
        }
    }
}
