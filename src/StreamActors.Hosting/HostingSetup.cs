using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
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

        var builder = new StreamActorsBuilder { Registrations = services };
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
        services.AddSingleton(static all => new NodeMetrics(
            all.GetRequiredService<Node>(), all.GetRequiredService<PeerProbe>(), all.GetRequiredService<RateWindow>()));
        services.AddHostedService<SettingsReload>();
        services.AddSingleton<NodeHealth>();
        services.AddHealthChecks().AddCheck<NodeHealthCheck>("streamactors", tags: ["ready"]);
        services.AddSingleton<IMetricSource, EngineMetrics>();
        services.AddSingleton<QuietStart>();
        services.AddSingleton<IPostConfigureOptions<LoggerFilterOptions>>(
            static all => all.GetRequiredService<QuietStart>());
        services.AddSingleton<IOptionsChangeTokenSource<LoggerFilterOptions>>(
            static all => all.GetRequiredService<QuietStart>());
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
    /// standard error, a sentence a line, before anything connects; so is a port that is in use, and what user code
    /// throws when its objects are made.
    /// </summary>
    /// <returns>The exit code: 0, or 2 where there is something that the user can mend.</returns>
    public static async Task<int> RunStreamActorsAsync(this IHost host, string[] args)
    {
        ArgumentNullException.ThrowIfNull(host);
        try
        {
            if (Mistyped(args) is { } mistyped)
            {
                return await RefuseAsync($"{mistyped} is not an option of this program. Did you mean {PrintConfig}?");
            }

            var composition = host.Services.GetRequiredService<Composition>();
            if (!args.Contains(PrintConfig, StringComparer.OrdinalIgnoreCase))
            {
                composition.ThrowIfAnyMistake();
                var urls = host.Services.GetRequiredService<IConfiguration>()["urls"] ?? "an address";
                await HostStart.StartAsync(host, new ListenSettings(urls, "Urls", static _ => "Urls"));
                await host.WaitForShutdownAsync();
                return 0;
            }

            await Console.Out.WriteAsync(composition.Page());
            await TryAsync(composition, host.Services);
            return 0;
        }
        catch (PipelineException error)
        {
            return await RefuseAsync(error.Message);
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

    private static async Task<int> RefuseAsync(string why)
    {
        await Console.Error.WriteLineAsync(why);
        return 2;
    }

    /// <summary>An option that was most likely meant to be ours.</summary>
    private static string? Mistyped(string[] args) => Array.Find(args, static arg =>
        !arg.Equals(PrintConfig, StringComparison.OrdinalIgnoreCase)
        && (arg.StartsWith("--print-", StringComparison.OrdinalIgnoreCase)
            || Nearest.To(arg, [PrintConfig]) is not null));

    /// <summary>Makes every sink and handler once, as a start does, and lets them go.</summary>
    /// <exception cref="PipelineException">The composition has mistakes, or something cannot be made.</exception>
    private static async Task TryAsync(Composition composition, IServiceProvider all)
    {
        await using var node = new Node(composition, ServicesOf(all) with { Events = new Unheard() });
        await node.StartingAsync(CancellationToken.None);
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

    /// <summary>Peers that are tried are closed at once: what they say would stand between the settings.</summary>
    private sealed class Unheard : IEngineEvents
    {
        public void Report(EngineEvent happened)
        {
        }
    }
}
