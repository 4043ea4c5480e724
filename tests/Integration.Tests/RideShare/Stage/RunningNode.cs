using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text.Json;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>
/// <c>streamactors run ride-share</c> as a user runs it: a process of its own that knows nothing but its environment.
/// </summary>
internal sealed class RunningNode : IAsyncDisposable
{
    public const int SigStop = 19;
    public const int SigContinue = 18;
    private const int SigTerm = 15;

    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "streamactors.dll");
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(10) };

    // What a developer's shell or a CI job may have set is not what these tests are about.
    private static readonly string[] NotInherited =
        ["KAFKA_", "REDIS_", "PROCESSOR_", "API_", "METRICS_", "LOG_", "OTEL_", "ENVIRONMENT", "DEPLOYMENT_ENV"];

    private readonly Leash leash = new();
    private readonly Process process;
    private readonly ConcurrentQueue<string> output = new();
    private readonly ConcurrentQueue<string> errors = new();
    private bool disposed;

    private RunningNode(IEnumerable<(string Name, string Value)> environment, IEnumerable<string> arguments)
    {
        var start = leash.Command("dotnet", [Program, .. arguments]);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        foreach (var name in start.Environment.Keys.Where(IsNotInherited).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Add(output, line.Data);
        process.ErrorDataReceived += (_, line) => Add(errors, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The port of its pages.</summary>
    public int ApiPort { get; private init; }

    /// <summary>The port of its Prometheus page.</summary>
    public int MetricsPort { get; private init; }

    /// <summary>What it wrote to standard output so far.</summary>
    public IReadOnlyList<string> Output => [.. output];

    /// <summary>Everything that it wrote so far, for the message of a test that failed.</summary>
    public string Log => string.Join('\n', output.Concat(errors));

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => disposed || process.HasExited;

    /// <summary>The most memory that it ever had resident, in bytes.</summary>
    public long PeakMemory => long.Parse(
        File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;

    /// <summary>Starts a node; the ports are free ones unless the settings name them.</summary>
    public static RunningNode Start(params IEnumerable<(string Name, string Value)> settings)
    {
        var (api, metrics) = (Machine.FreePort(), Machine.FreePort());
        var all = new Dictionary<string, string>
        {
            ["API_HOST"] = "127.0.0.1",
            ["API_PORT"] = $"{api}",
            ["METRICS_PORT"] = $"{metrics}",
        };
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        return new RunningNode(all.Select(each => (each.Key, each.Value)), ["run", "ride-share"])
        {
            ApiPort = api,
            MetricsPort = metrics,
        };
    }

    /// <summary>Runs the program to its end with these variables and no others of its own.</summary>
    public static async Task<(int Code, string Output, string Errors)> RunToEndAsync(
        IEnumerable<(string Name, string Value)> settings, params IEnumerable<string> arguments)
    {
        await using var node = new RunningNode(settings, arguments);
        var code = await node.ExitAsync(TimeSpan.FromSeconds(20));
        return (code, string.Join('\n', node.output), string.Join('\n', node.errors));
    }

    /// <summary>Waits until it takes records.</summary>
    public Task ReadyAsync() => UntilAsync(
        "the node is ready", TimeSpan.FromSeconds(30), async () => await StatusAsync("/health/ready") == 200);

    /// <summary>Waits for something; if it does not come, or the node has ended, the failure shows its log.</summary>
    public async Task UntilAsync(string what, TimeSpan limit, Func<Task<bool>> isSo, Func<string>? seen = null)
    {
        try
        {
            await Machine.UntilAsync(
                what,
                limit,
                async () => process.HasExited
                    ? throw new TimeoutException($"{what}: the node has ended")
                    : await isSo(),
                seen);
        }
        catch (Exception error) when (error is TimeoutException)
        {
            throw new TimeoutException($"{error.Message}\n{Log}", error);
        }
    }

    /// <inheritdoc cref="UntilAsync(string, TimeSpan, Func{Task{bool}}, Func{string})"/>
    public Task UntilAsync(string what, Func<bool> isSo) =>
        UntilAsync(what, TimeSpan.FromSeconds(20), () => Task.FromResult(isSo()));

    /// <summary>The status of one of its pages; 0 when nobody answers.</summary>
    public async Task<int> StatusAsync(string path)
    {
        try
        {
            return (await GetAsync(path)).Status;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }

    /// <summary>One of its pages.</summary>
    public async Task<Page> GetAsync(string path, string? accept = null, int? port = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port ?? ApiPort}{path}");
        if (accept is not null)
        {
            request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(accept));
        }

        var clock = Stopwatch.StartNew();
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        var type = answer.Content.Headers.ContentType?.MediaType ?? "";
        return new Page((int)answer.StatusCode, type, text, clock.Elapsed);
    }

    /// <summary><c>/health</c> as JSON.</summary>
    public async Task<JsonElement> HealthAsync() => (await GetAsync("/health")).Json;

    /// <summary><c>/metrics</c> as JSON.</summary>
    public async Task<JsonElement> MetricsAsync() => (await GetAsync("/metrics")).Json;

    /// <summary>The page of the metrics port.</summary>
    public async Task<PrometheusPage> PrometheusAsync() =>
        PrometheusPage.Parse((await GetAsync("/metrics", port: MetricsPort)).Text);

    /// <summary>SIGTERM, as an orchestrator sends it.</summary>
    public void Terminate() => Signal(SigTerm);

    /// <summary>Sends a signal.</summary>
    public void Signal(int number) => SendSignal(process.Id, number).ShouldBe(0);

    /// <summary>SIGKILL.</summary>
    public Task KillAsync()
    {
        process.Kill();
        return process.WaitForExitAsync();
    }

    /// <summary>Its exit code, once it has ended and all that it wrote was read.</summary>
    public async Task<int> ExitAsync(TimeSpan limit)
    {
        try
        {
            await process.WaitForExitAsync().WaitAsync(limit);
            return process.ExitCode;
        }
        catch (TimeoutException error)
        {
            throw new TimeoutException($"the node has not ended within {limit.TotalSeconds} s\n{Log}", error);
        }
    }

    /// <summary>SIGTERM, and the wait for exit code 0.</summary>
    public async Task StopAsync(double seconds = 10)
    {
        Terminate();
        (await ExitAsync(TimeSpan.FromSeconds(seconds))).ShouldBe(0, Log);
    }

    public async ValueTask DisposeAsync()
    {
        if (disposed)
        {
            return;    // by the test, and by its theatre
        }

        disposed = true;
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        process.Dispose();
        await leash.DisposeAsync();
    }

    private static bool IsNotInherited(string name) =>
        NotInherited.Any(start => name.StartsWith(start, StringComparison.OrdinalIgnoreCase));

    private static void Add(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int process, int signal);
}

/// <summary>An answer of a node's web server.</summary>
/// <param name="Took">From the request to the last byte.</param>
internal sealed record Page(int Status, string ContentType, string Text, TimeSpan Took)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;
}
