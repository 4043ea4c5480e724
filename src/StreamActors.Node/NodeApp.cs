using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StreamActors.Hosting;
using NodeHost = StreamActors.Hosting.Node;

namespace StreamActors.Node;

/// <summary>
/// The host of a node: pages, logs, telemetry, pipelines. It stops when its caller cancels; the order of a stop is:
/// unready at once, drain and commit, leave the group, close the sinks, close the pages.
/// </summary>
internal static class NodeApp
{
    // Longer than the engine's own limit for a stop (10 s), so that the engine decides what is given up.
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    /// <summary>Builds the host; nothing runs yet.</summary>
    /// <param name="settings">The settings of the process.</param>
    /// <param name="pipelines">What it runs.</param>
    /// <param name="logging">Where logs go.</param>
    public static WebApplication Build(
        NodeSettings settings, IReadOnlyList<PipelineEntry> pipelines, Action<ILoggingBuilder> logging)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [] });
        builder.Services.Configure<HostOptions>(static host => host.ShutdownTimeout = StopLimit);
        builder.Services.AddSingleton<IHostLifetime, CallerDecides>();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, settings));
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LevelOf(settings.LogLevel));
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        // A start that failed is told in one sentence, by the program; the host would print its stack as well.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        logging(builder.Logging);
        var node = builder.AddStreamActors();
        foreach (var pipeline in pipelines)
        {
            pipeline.AddTo(node, builder.Services);
        }

        if (settings.Otlp is { } otlp)
        {
            builder.Services.AddOtlpExport(otlp);
        }

        var app = builder.Build();
        app.MapStreamActors(settings.MetricsPort);
        return app;
    }

    /// <summary>Writes log lines to standard output, as the settings say.</summary>
    public static void LogLines(ILoggingBuilder logging, NodeSettings settings) => logging.AddLines(format =>
    {
        format.Json = settings.JsonLogs;
        format.ServiceName = NodeSettings.ServiceName;
        format.Environment = settings.Environment;
    });

    /// <summary>Starts the host.</summary>
    /// <exception cref="UserErrorException">A port is in use, or an address is not this machine's.</exception>
    /// <exception cref="PipelineException">A pipeline is composed wrongly.</exception>
    public static async Task StartAsync(WebApplication app, NodeSettings settings, CancellationToken stop)
    {
        try
        {
            _ = app.Services.GetRequiredService<NodeHost>();
            // Not with the token: it would cancel the host's services behind its back. A stop follows the start.
            stop.ThrowIfCancellationRequested();
            await app.StartAsync(CancellationToken.None);
        }
        catch (IOException error)
        {
            await app.StopAsync(CancellationToken.None);
            var busy = error.Message.Contains($":{settings.MetricsPort}", StringComparison.Ordinal)
                ? ("METRICS_PORT", settings.MetricsPort)
                : ("API_PORT", settings.ApiPort);
            throw new UserErrorException(
                $"Port {busy.Item2} is in use by another process. Set {busy.Item1} to a free one.", error);
        }
        catch (SocketException error)
        {
            await app.StopAsync(CancellationToken.None);
            throw new UserErrorException(
                $"Cannot listen on {settings.ApiHost}: {error.Message}. Set API_HOST to an address of this machine.",
                error);
        }
    }

    private static LogLevel LevelOf(string name) => name switch
    {
        "DEBUG" => LogLevel.Debug,
        "WARNING" => LogLevel.Warning,
        "ERROR" => LogLevel.Error,
        "CRITICAL" => LogLevel.Critical,
        _ => LogLevel.Information,
    };

    private static void Listen(KestrelServerOptions kestrel, NodeSettings settings)
    {
        var address = System.Net.IPAddress.TryParse(settings.ApiHost, out var parsed)
            ? parsed
            : System.Net.Dns.GetHostAddresses(settings.ApiHost)[0];
        kestrel.Listen(address, settings.ApiPort);
        if (settings.MetricsPort != settings.ApiPort)
        {
            kestrel.Listen(address, settings.MetricsPort);
        }
    }

    /// <summary>Signals are the program's business (Program.cs), from its first instruction on.</summary>
    private sealed class CallerDecides : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
