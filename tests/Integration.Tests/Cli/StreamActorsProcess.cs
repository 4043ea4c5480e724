using System.Diagnostics;
using System.Text;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.Cli;

/// <summary>
/// The built program as a process of its own, without a terminal, on ports that nobody else uses, with nothing of this
/// machine's settings; it ends with the test.
/// </summary>
internal sealed class StreamActorsProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder errors = new();

    private StreamActorsProcess(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Add(output, line.Data);
        process.ErrorDataReceived += (_, line) => Add(errors, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    public string Output => Read(output);

    public string Errors => Read(errors);

    public static StreamActorsProcess Start(string arguments, params (string Name, string Value)[] settings)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "streamactors.dll");
        var start = new ProcessStartInfo("dotnet", $"\"{program}\" {arguments}")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(IsSetting).ToList())
            start.Environment.Remove(name);
        start.Environment["API_PORT"] = $"{Machine.FreePort()}";
        start.Environment["METRICS_PORT"] = $"{Machine.FreePort()}";
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return new StreamActorsProcess(Process.Start(start)!);
    }

    /// <summary>Runs it to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(
        string arguments, params (string Name, string Value)[] settings)
    {
        using var program = Start(arguments, settings);
        return (await program.EndAsync(), program.Output, program.Errors);
    }

    public Task UntilItSaysAsync(string text) => Machine.UntilAsync(text, Limit, () => process.HasExited
        ? throw new InvalidOperationException($"It ended with exit code {process.ExitCode}.\n{Output}\n{Errors}")
        : Task.FromResult(Output.Contains(text, StringComparison.Ordinal)));

    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync(TimeSpan? within = null)
    {
        using var limit = new CancellationTokenSource(within ?? Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"It has not ended within {within ?? Limit}.\n{Output}\n{Errors}");
        }

        return process.ExitCode;
    }

    public void Dispose()
    {
        process.Kill();
        process.Dispose();
    }

    private static bool IsSetting(string name) =>
        ((string[])["KAFKA_", "REDIS_", "PROCESSOR_", "LOG_", "API_", "OTEL_"]).Any(name.StartsWith);

    private static void Add(StringBuilder text, string? line)
    {
        lock (text)
            text.AppendLine(line);
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }
}
