using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StreamActors.Events;
using StreamActors.Shards;

namespace StreamActors.Hosting;

/// <summary>Puts StreamActors into a host.</summary>
public static class HostingSetup
{
    /// <summary>The option that prints every setting instead of running.</summary>
    private const string PrintConfig = "--print-config";

    /// <summary>
    /// Adds a node to a host, whose logging, configuration (section <c>StreamActors</c>), services and health checks
    /// (<c>streamactors</c>, tag <c>ready</c>) it takes part in. A second call gives the same node.
    /// </summary>
    /// <returns>What takes peers and pipelines.</returns>
    public static StreamActorsBuilder AddStreamActors(this IHostApplicationBuilder host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var services = host.Services;
        var added = services.FirstOrDefault(static each => each.ServiceType == typeof(StreamActorsBuilder));
        if (added?.ImplementationInstance is StreamActorsBuilder node)
        {
            return node;
        }

        var builder = new StreamActorsBuilder();
        services.AddSingleton(builder);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IEngineEvents>(static all => new EngineLog(all.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton(static all => new Composition(
            all.GetRequiredService<StreamActorsBuilder>(),
            all.GetRequiredService<IConfiguration>(),
            all.GetServices<IReferenceFile>()));
        services.AddSingleton(static all => new Node(all.GetRequiredService<Composition>(), ServicesOf(all)));
        services.AddHostedService(static all => all.GetRequiredService<Node>());
        services.AddSingleton<PeerProbe>();
        services.AddHostedService(static all => all.GetRequiredService<PeerProbe>());
        services.AddSingleton<RateWindow>();
        services.AddHostedService(static all => all.GetRequiredService<RateWindow>());
        services.AddHostedService<SettingsReload>();
        services.AddSingleton<NodeHealth>();
        services.AddHealthChecks().AddCheck<NodeHealthCheck>("streamactors", tags: ["ready"]);
        services.AddSingleton<IMetricSource, EngineMetrics>();
        return builder;
    }

    /// <summary>Sends the node's metrics to a receiver of OpenTelemetry's protocol.</summary>
    public static IServiceCollection AddOtlpExport(this IServiceCollection services, OtlpOptions options) =>
        services.AddHostedService(all => new OtlpExport(
            options,
            all.GetServices<IMetricSource>(),
            OtlpClient.Network(),
            all.GetRequiredService<ILoggerFactory>().CreateLogger("StreamActors.Telemetry"),
            all.GetRequiredService<TimeProvider>()));

    /// <summary>
    /// Runs a host with a node until it is stopped. With <c>--print-config</c> it prints every setting, its value and
    /// where it came from instead. Everything that is wrong with the pipelines and their settings is written to
    /// standard error, a sentence a line, before anything connects.
    /// </summary>
    /// <returns>The exit code: 0, or 2 where something is wrong with the pipelines or their settings.</returns>
    public static async Task<int> RunStreamActorsAsync(this IHost host, string[] args)
    {
        ArgumentNullException.ThrowIfNull(host);
        try
        {
            var composition = host.Services.GetRequiredService<Composition>();
            var isPrint = args.Contains(PrintConfig, StringComparer.OrdinalIgnoreCase);
            if (isPrint)
            {
                await Console.Out.WriteAsync(composition.Page());
            }

            composition.ThrowIfAnyMistake();
            if (!isPrint)
            {
                await host.RunAsync();
            }

            return 0;
        }
        catch (PipelineException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 2;
        }
        finally
        {
            if (host is IAsyncDisposable async)
            {
                await async.DisposeAsync();
            }

            host.Dispose();
        }
    }

    private static EngineServices ServicesOf(IServiceProvider all)
    {
        var time = all.GetRequiredService<TimeProvider>();
        return new EngineServices(
            time, new Random(0), new ThreadPoolScheduler(time), all.GetRequiredService<IEngineEvents>())
        {
            Scopes = new ServiceScopes(all),
        };
    }
}
