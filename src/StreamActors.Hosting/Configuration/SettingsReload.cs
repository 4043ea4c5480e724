using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using StreamActors.Configuration;

namespace StreamActors.Hosting;

/// <summary>
/// Follows the host's configuration while pipelines run: applies what may change, a pipeline's rate, and says once of
/// everything else that it needs a restart. (The log level is the business of the host's logging.) A configuration with
/// a mistake changes nothing. At the start it says which settings were given.
/// </summary>
internal sealed partial class SettingsReload(
    Composition composition, Node node, IConfiguration configuration, ILoggerFactory loggers)
    : IHostedService, IDisposable
{
    private readonly Lock gate = new();
    private readonly ILogger log = loggers.CreateLogger("StreamActors.Settings");
    private readonly Dictionary<string, Setting> running = ByName(composition.Settings);
    private Dictionary<string, Setting> told = ByName(composition.Settings);
    private HashSet<string> mistakes = [];
    private IDisposable? watch;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var given = composition.Settings.Where(static setting => setting.From is not null && setting.Ignored is null)
            .Select(static setting => $"{setting.Name}={setting.Value}").ToList();
        if (given.Count > 0)
        {
            Given(string.Join(", ", given));
        }

        if (composition.Pipelines.Count == 0)
        {
            NoPipeline();
        }

        watch = ChangeToken.OnChange(configuration.GetReloadToken, Follow);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => watch?.Dispose();

    /// <summary>Compares the configuration with what was told of it; several watches may call at once.</summary>
    private void Follow()
    {
        lock (gate)
        {
            if (Read() is not { } now)
            {
                return;
            }

            foreach (var mistake in now.Mistakes.Where(mistake => !mistakes.Contains(mistake)))
            {
                Refused(mistake);
            }

            mistakes = [.. now.Mistakes];
            if (mistakes.Count == 0)
            {
                Apply(now);
            }
        }
    }

    private Reading? Read()
    {
        try
        {
            return composition.Read();
        }
        catch (Exception defect)
        {
            // A connector's code, on a thread of whoever watches a file: the node would end by it.
            Refused(defect.ToString());
            return null;
        }
    }

    private void Apply(Reading now)
    {
        var settings = ByName(now.Settings);
        foreach (var name in told.Keys.Union(settings.Keys).Where(HasChanged).Order(StringComparer.Ordinal))
        {
            if (node.Pipelines.FirstOrDefault(each => Composition.RateOf(each.Pipeline.Name) == name) is { } rated)
            {
                var (pipeline, rate) = (rated.Pipeline, now.Pipelines[rated.Pipeline.Name].MaxRecordsPerSecond);
                Rate(pipeline.Name, pipeline.MaxRecordsPerSecond, rate);
                pipeline.MaxRecordsPerSecond = rate;
            }
            else if (!AreSame(running.GetValueOrDefault(name), settings.GetValueOrDefault(name)))
            {
                NeedsRestart(name, ValueOf(running, name), ValueOf(settings, name));
            }
        }

        told = settings;

        bool HasChanged(string name) => !AreSame(told.GetValueOrDefault(name), settings.GetValueOrDefault(name));
    }

    private static bool AreSame(Setting? one, Setting? other) =>
        one is null || other is null ? one == other : one.HasValueOf(other);

    private static string ValueOf(Dictionary<string, Setting> settings, string name) =>
        settings.GetValueOrDefault(name)?.Value ?? "";

    private static Dictionary<string, Setting> ByName(IReadOnlyList<Setting> settings) =>
        settings.ToDictionary(static setting => setting.Name, StringComparer.OrdinalIgnoreCase);
}
