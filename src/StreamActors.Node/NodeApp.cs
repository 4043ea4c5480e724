using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StreamActors.Hosting;
using StreamActors.Node.Cli;
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
            await StopAsync(app);
            var busy = error.Message.Contains($":{settings.MetricsPort}:", StringComparison.Ordinal)
                ? ("METRICS_PORT", settings.MetricsPort)
                : ("API_PORT", settings.ApiPort);
            throw new UserErrorException(
                $"Port {busy.Item2} is in use by another process. Set {busy.Item1} to a free one.", error);
        }
        catch (SocketException error)
        {
            await StopAsync(app);
            throw new UserErrorException(
                $"Cannot listen on {settings.ApiHost}: {error.Message}. Set API_HOST to an address of this machine.",
                error);
        }
    }

    /// <summary>Stops the host.</summary>
    /// <returns>A sentence on what was left when the time was up; null where all was done.</returns>
    public static async Task<string?> StopAsync(WebApplication app)
    {
        try
        {
            await app.StopAsync(CancellationToken.None);
            return null;
        }
        catch (OperationCanceledException)
        {
            return Cut(app);
        }
        catch (AggregateException error) when (error.InnerExceptions.All(static e => e is OperationCanceledException))
        {
            return Cut(app);
        }
    }

    private static string Cut(WebApplication app)
    {
        var limit = app.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout;
        var left = app.Services.GetRequiredService<NodeHost>().Unfinished;
        return $"The stop was cut after {limit.TotalSeconds:0.#} s: " + (left.Count == 0
            ? "all pipelines had drained, but pages or exports had not ended."
            : $"{string.Join(", ", left)} had not drained; records that were not committed are read again.");
    }

    private static LogLevel LevelOf(string name) => name switch
    {
        "DEBUG" => LogLevel.Debug,
        "WARNING" or "WARN" => LogLevel.Warning,
        "ERROR" => LogLevel.Error,
        "CRITICAL" or "FATAL" => LogLevel.Critical,
        _ => LogLevel.Information,
    };

    private static void Listen(KestrelServerOptions kestrel, NodeSettings settings)
    {
        var addresses = Ports.AddressesOf(settings.ApiHost);
        foreach (var port in new[] { settings.ApiPort, settings.MetricsPort }.Distinct())
        {
            foreach (var address in addresses)
            {
                kestrel.Listen(address, port);
            }
        }
    }

    /// <summary>Signals are the program's business (Program.cs), from its first instruction on.</summary>
    private sealed class CallerDecides : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
