using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StreamActors.Events;

namespace StreamActors.Hosting;

/// <summary>Puts StreamActors into a host.</summary>
public static class HostingSetup
{
    /// <summary>Adds a node without pipelines; the result takes peers and pipelines.</summary>
    public static StreamActorsBuilder AddStreamActors(this IHostApplicationBuilder host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var builder = new StreamActorsBuilder();
        var services = host.Services;
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<IEngineEvents>(static all => new EngineLog(all.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton(all => new Node(
            builder, all.GetRequiredService<IEngineEvents>(), all.GetRequiredService<TimeProvider>()));
        services.AddHostedService(static all => all.GetRequiredService<Node>());
        services.AddSingleton<PeerProbe>();
        services.AddHostedService(static all => all.GetRequiredService<PeerProbe>());
        services.AddSingleton<RateWindow>();
        services.AddHostedService(static all => all.GetRequiredService<RateWindow>());
        services.AddSingleton<NodeHealth>();
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
}
