using System.Diagnostics;

namespace StreamActors.Tests.Fixtures;

/// <summary>
/// Holds the processes and the temporary folder of one fixture, and ends both when it is disposed or when this process
/// dies in whatever way.
/// </summary>
/// <remarks>
/// A small shell in a session of its own waits for the end of its standard input, whose other end only this process
/// holds. Everything started through <see cref="Command"/> carries a mark in its environment, which its children
/// inherit whatever session they move to; at the end, what carries the mark is killed. So it finds a broker that a
/// script was just about to start, and nothing that somebody else started.
/// </remarks>
public sealed class Leash : IAsyncDisposable
{
    private const string Mark = "STREAMACTORS_LEASH";

    private const string Watch = """
        trap '' INT TERM HUP
        cat >/dev/null
        for _ in $(seq 100); do
            marked=$(grep -lsz "^$1\$" /proc/[0-9]*/environ | cut -d/ -f3)
            [ -n "$marked" ] || break
            kill -KILL $marked 2>/dev/null
            sleep 0.05
        done
        if [ -n "$3" ]; then docker rm --force "$3" >/dev/null 2>&1; fi
        rm -rf "$2"
        """;

    private readonly string id = Guid.NewGuid().ToString("N");
    private readonly Process watcher;

    /// <param name="container">A Docker container to remove as well.</param>
    public Leash(string? container = null)
    {
        Folder = Directory.CreateTempSubdirectory("streamactors-test-").FullName;
        var start = new ProcessStartInfo("setsid")
        {
            RedirectStandardInput = true,
            ArgumentList = { "--wait", "bash", "-c", Watch, "leash", $"{Mark}={id}", Folder, container ?? "" },
        };
        watcher = Process.Start(start)!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => End();
    }

    /// <summary>A folder under the system's temporary one, deleted at the end.</summary>
    public string Folder { get; }

    /// <summary>What to start a process with, so that it and its children end with this leash.</summary>
    public ProcessStartInfo Command(string file, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { WorkingDirectory = Folder };
        start.Environment[Mark] = id;
        return start;
    }

    /// <summary>Runs a command to its end and returns its standard output.</summary>
    /// <exception cref="InvalidOperationException">It ended with another code than 0; its output.</exception>
    public async Task<string> RunAsync(string file, params IEnumerable<string> arguments)
    {
        // Into files, not pipes: a broker that the command leaves behind would hold a pipe open while it lives.
        var name = Path.Combine(Folder, $"command-{Guid.NewGuid():N}");
        var quoted = Command("bash", ["-c", "out=$1; shift; exec \"$@\" >\"$out.out\" 2>\"$out.err\" </dev/null", "run",
            name, file, .. arguments]);
        using var process = Process.Start(quoted)!;
        await process.WaitForExitAsync();
        var output = await File.ReadAllTextAsync(name + ".out");
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException(
                $"{file} {string.Join(' ', arguments)}: exit code {process.ExitCode}\n{output}" +
                await File.ReadAllTextAsync(name + ".err"));
    }

    public ValueTask DisposeAsync()
    {
        End();
        return ValueTask.CompletedTask;
    }

    private void End()
    {
        lock (watcher)
        {
            if (watcher.HasExited)
                return;
            watcher.StandardInput.Close();
            watcher.WaitForExit(TimeSpan.FromSeconds(10));
        }
    }
}
