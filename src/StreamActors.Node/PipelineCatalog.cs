using Microsoft.Extensions.DependencyInjection;
using StreamActors.Hosting;
using StreamActors.Pipelines.RideShare;

namespace StreamActors.Node;

/// <summary>The built-in pipelines by name.</summary>
internal static class PipelineCatalog
{
    /// <summary>The names.</summary>
    public static IReadOnlyList<string> Names { get; } = [RideSharePipeline.Name];

    /// <summary>Reads the settings of pipelines; mistakes are the reader's.</summary>
    /// <exception cref="UserErrorException">A name is not known.</exception>
    public static IReadOnlyList<PipelineEntry> Read(IReadOnlyList<string> names, SettingsReader reader) =>
        [.. names.Distinct().Select(name => Read(name, reader))];

    private static PipelineEntry Read(string name, SettingsReader reader)
    {
        if (name != RideSharePipeline.Name)
        {
            throw new UserErrorException($"There is no pipeline {name}. Known: {string.Join(", ", Names)}.");
        }

        return RideShare(RideShareSettings.Read(reader));
    }

    /// <summary>The ride-share pipeline with these settings.</summary>
    public static PipelineEntry RideShare(RideShareSettings settings) => new(
        RideSharePipeline.Name,
        (node, services) =>
        {
            node.AddRideShare(settings, TimeProvider.System);
            services.AddSingleton<RideShareMetrics>();
            services.AddSingleton<IMetricPage>(static all => all.GetRequiredService<RideShareMetrics>());
            services.AddSingleton<IMetricSource>(static all => all.GetRequiredService<RideShareMetrics>());
        });
}

/// <summary>A pipeline that a node can run.</summary>
/// <param name="Name">Its name.</param>
/// <param name="AddTo">Adds it, with its pages, to a node.</param>
internal sealed record PipelineEntry(string Name, Action<StreamActorsBuilder, IServiceCollection> AddTo);
