using System.Net;
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
    /// <exception cref="UserErrorException">The address has a name that cannot be resolved.</exception>
    /// <exception cref="PipelineException">
    /// A pipeline is composed wrongly, a port is in use, or an address is not this machine's.
    /// </exception>
    public static async Task StartAsync(WebApplication app, NodeSettings settings, CancellationToken stop)
    {
        _ = app.Services.GetRequiredService<NodeHost>();
        // Not with the token: it would cancel the host's services behind its back. A stop follows the start.
        stop.ThrowIfCancellationRequested();
        await HostStart.StartAsync(app, new ListenSettings(settings.ApiHost, "API_HOST", port =>
            port is null ? "API_PORT and METRICS_PORT" : port == settings.MetricsPort ? "METRICS_PORT" : "API_PORT"));
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
        var addresses = AddressesOf(settings.ApiHost);
        foreach (var port in new[] { settings.ApiPort, settings.MetricsPort }.Distinct())
        {
            foreach (var address in addresses)
            {
                kestrel.Listen(address, port);
            }
        }
    }

    private static IReadOnlyList<IPAddress> AddressesOf(string host)
    {
        try
        {
            return Ports.AddressesOf(host);
        }
        catch (SocketException error)
        {
            throw new UserErrorException(
                $"Cannot listen on {host}: {error.Message}. Set API_HOST to an address of this machine.", error);
        }
    }

    /// <summary>Signals are the program's business (Program.cs), from its first instruction on.</summary>
    private sealed class CallerDecides : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
