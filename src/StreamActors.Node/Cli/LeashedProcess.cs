using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace StreamActors.Node.Cli;

/// <summary>
/// A process that ends when this one does, in whatever way. A small shell starts it and waits for the end of its
/// standard input, whose other end only this process holds: the kernel closes it even after a <c>kill -9</c>. Both are
/// in a session of their own, so that a Ctrl-C at the terminal reaches neither.
/// </summary>
internal sealed class LeashedProcess : IAsyncDisposable
{
    private const string Watch = """
        exec 3<&0 2>/dev/null
        log=$1
        shift
        "$@" >>"$log" 2>&1 </dev/null 3<&- &
        started=$!
        echo $started
        { while read -r _; do :; done; kill -KILL $started; } <&3 &
        wait $started
        code=$?
        kill $!
        exit $code
        """;

    private readonly Process shell;

    private LeashedProcess(Process shell, int id, string log)
    {
        this.shell = shell;
        Id = id;
        Log = log;
    }

    /// <summary>The process, not its shell.</summary>
    public int Id { get; }

    /// <summary>The file that has what it wrote.</summary>
    public string Log { get; }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => shell.HasExited;

    /// <summary>The exit code of one that has ended: 128 and the signal, where it was a signal.</summary>
    public int ExitCode => shell.ExitCode;

    /// <summary>Starts a process.</summary>
    /// <param name="log">The file that what it writes is appended to.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="environment">Variables, over those of this process; null takes one away.</param>
    /// <exception cref="UserErrorException">There is no shell, or no setsid.</exception>
    public static async Task<LeashedProcess> StartAsync(
        string log, IReadOnlyList<string> command, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo("setsid", ["--wait", "sh", "-c", Watch, "leash", log, .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        try
        {
            var started = Process.Start(start)!;
            var id = await started.StandardOutput.ReadLineAsync();
            return new LeashedProcess(started, int.Parse(id!, CultureInfo.InvariantCulture), log);
        }
        catch (Win32Exception error)
        {
            throw new UserErrorException(
                "Processes are started with setsid (util-linux), which is not on the PATH: Linux has it.", error);
        }
    }

    /// <summary>Sends a signal, such as KILL; one that has ended does not mind.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start(new ProcessStartInfo(
            "kill", [$"-{signal}", Id.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits until it has ended, or for so long.</summary>
    /// <returns>Whether it has.</returns>
    public async Task<bool> EndsWithinAsync(TimeSpan limit)
    {
        try
        {
            await shell.WaitForExitAsync().WaitAsync(limit, TimeProvider.System);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Kills it, and returns when it is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!shell.HasExited)
        {
            shell.StandardInput.Close();
            await shell.WaitForExitAsync();
        }

        shell.Dispose();
    }
}
