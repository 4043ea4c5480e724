using System.Diagnostics;
using System.Globalization;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Bench;

/// <summary>
/// A node as a user starts it, <c>streamactors run ride-share</c>, in a process of its own, so that its processor time
/// and its memory are its own. Its numbers are read from its Prometheus page.
/// </summary>
internal sealed class NodeProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly string[] Settings =
        ["KAFKA_", "REDIS_", "PROCESSOR_", "API_", "METRICS_", "LOG_", "OTEL_"];

    private readonly Process process;
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly Uri page;

    private NodeProcess(Process process, string metricsPort)
    {
        this.process = process;
        page = new Uri($"http://127.0.0.1:{metricsPort}/metrics");
    }

    /// <summary>Starts a node; it runs when this returns, and may have read records already.</summary>
    public static NodeProcess Start(BenchOptions options, string topic, string group)
    {
        var command = OwnProgram.Command("run", "ride-share");
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        Prepare(start.Environment, options, topic, group);
        var started = Process.Start(start)!;
        started.OutputDataReceived += static (_, line) => Console.Error.WriteLine(line.Data);
        started.BeginOutputReadLine();
        return new NodeProcess(started, start.Environment["METRICS_PORT"]!);
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
        var (since, best) = (TimeProvider.System.GetTimestamp(), -1L);
        while (TimeProvider.System.GetElapsedTime(since) < Patience)
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
                    since = TimeProvider.System.GetTimestamp();
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

    /// <summary>
    /// Makes an environment that of a node to measure: what a user's shell has set is neither in the bare loop nor in
    /// the filler.
    /// </summary>
    internal static void Prepare(
        IDictionary<string, string?> environment, BenchOptions options, string topic, string group)
    {
        foreach (var name in environment.Keys.Where(IsSetting).ToList())
        {
            environment.Remove(name);
        }

        environment["KAFKA_BOOTSTRAP_SERVERS"] = options.Kafka;
        environment["KAFKA_GROUP_ID"] = group;
        environment["PROCESSOR_TOPICS"] = topic;
        environment["REDIS_HOST"] = options.Redis.Host;
        environment["REDIS_PORT"] = $"{options.Redis.Port}";
        environment["API_HOST"] = "127.0.0.1";
        environment["API_PORT"] = $"{Ports.Free()}";
        environment["METRICS_PORT"] = $"{Ports.Free()}";
        environment["LOG_LEVEL"] = "WARNING";
    }

    private static bool IsSetting(string name) =>
        Array.Exists(Settings, start => name.StartsWith(start, StringComparison.OrdinalIgnoreCase));
}
