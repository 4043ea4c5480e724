using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace StreamActors.Node.Bench;

/// <summary>
/// A node as a user starts it, <c>streamactors run ride-share</c>, in a process of its own, so that its processor time
/// and its memory are its own. Its numbers are read from its Prometheus page.
/// </summary>
internal sealed class NodeProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process process;
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly Uri page;

    private NodeProcess(Process process, int metricsPort)
    {
        this.process = process;
        page = new Uri($"http://127.0.0.1:{metricsPort}/metrics");
    }

    /// <summary>Starts a node; it runs when this returns, and may have read records already.</summary>
    public static NodeProcess Start(BenchOptions options, string topic, string group)
    {
        var metricsPort = FreePort();
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        }

        start.ArgumentList.Add("run");
        start.ArgumentList.Add("ride-share");
        start.Environment["KAFKA_BOOTSTRAP_SERVERS"] = options.Kafka;
        start.Environment["KAFKA_GROUP_ID"] = group;
        start.Environment["PROCESSOR_TOPICS"] = topic;
        start.Environment["REDIS_HOST"] = options.Redis.Host;
        start.Environment["REDIS_PORT"] = $"{options.Redis.Port}";
        start.Environment["API_HOST"] = "127.0.0.1";
        start.Environment["API_PORT"] = $"{FreePort()}";
        start.Environment["METRICS_PORT"] = $"{metricsPort}";
        start.Environment["LOG_LEVEL"] = "WARNING";
        var started = Process.Start(start)!;
        started.OutputDataReceived += static (_, line) => Console.Error.WriteLine(line.Data);
        started.BeginOutputReadLine();
        return new NodeProcess(started, metricsPort);
    }

    /// <summary>The processor time that the node has spent.</summary>
    public TimeSpan Cpu
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>The most resident memory that the node has had, in bytes.</summary>
    public long PeakMemory
    {
        get
        {
            process.Refresh();
            return process.PeakWorkingSet64;
        }
    }

    /// <summary>The node's numbers now; null while it does not answer yet.</summary>
    public async Task<NodeNumbers?> ReadAsync(CancellationToken stop)
    {
        if (process.HasExited)
        {
            throw new UserErrorException($"The node ended with exit code {process.ExitCode}.");
        }

        try
        {
            return NodeNumbers.Parse(await http.GetStringAsync(page, stop));
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Polls the numbers until a condition holds.</summary>
    public async Task<NodeNumbers> WaitAsync(Func<NodeNumbers, bool> until, CancellationToken stop)
    {
        var (clock, best) = (Stopwatch.StartNew(), -1L);
        while (clock.Elapsed < Patience)
        {
            if (await ReadAsync(stop) is { } numbers)
            {
                if (until(numbers))
                {
                    return numbers;
                }

                if (numbers.Received > best)
                {
                    best = numbers.Received;
                    clock.Restart();
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, stop);
        }

        throw new UserErrorException($"The node made no progress for {Patience.TotalSeconds} s at {best} records.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!process.HasExited)
        {
            using var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
            if (!process.WaitForExit(TimeSpan.FromSeconds(30)))
            {
                process.Kill();
            }
        }

        process.Dispose();
        http.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
