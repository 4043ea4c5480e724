using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace StreamActors.Tests.Fixtures;

/// <summary>What the machine offers to tests.</summary>
public static class Machine
{
    private const int FirstPort = 10_000;
    private const int Ports = 22_000;

    // None is given twice, tests run side by side: what has a port may open it much later.
    private static int portsGiven = Random.Shared.Next(Ports);

    /// <summary>The repository that the tests were built from.</summary>
    public static string Repository { get; } = StreamActors.Tests.Repository.Root;

    /// <summary>Whether a command is on the PATH.</summary>
    public static bool Has(string command) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, command)));

    /// <summary>
    /// A port of loopback that nobody has now. Not one of the system's choice: those are also given to whoever connects
    /// somewhere, before the server that it is meant for has started.
    /// </summary>
    public static int FreePort() => FreePorts(1);

    /// <summary>
    /// The first of so many ports in a row that nobody has now. Below the system's own choice for a second reason: a
    /// client that asks again and again for a server that is down, on a port of that range, in the end connects to
    /// itself, and then the server cannot come back.
    /// </summary>
    public static int FreePorts(int count)
    {
        while (true)
        {
            var first = FirstPort + (int)((uint)(Interlocked.Add(ref portsGiven, count) - count) % Ports);
            if (first + count <= FirstPort + Ports && Enumerable.Range(first, count).All(IsFree))
            {
                return first;
            }
        }
    }

    /// <summary>Asks until it is so.</summary>
    /// <param name="what">What is waited for.</param>
    /// <param name="limit">For how long.</param>
    /// <param name="isSo">Whether it is so.</param>
    /// <param name="seen">What was seen last, for the failure.</param>
    public static async Task UntilAsync(
        string what, TimeSpan limit, Func<Task<bool>> isSo, Func<string>? seen = null)
    {
        var since = Stopwatch.StartNew();
        while (!await isSo())
        {
            if (since.Elapsed > limit)
                throw new TimeoutException($"{what}: not within {limit.TotalSeconds} s{seen?.Invoke()}");
            await Task.Delay(20);
        }
    }

    /// <summary>
    /// Waits until a process that was sent SIGSTOP stands still: <c>kill</c> returns earlier. On a busy machine dozens
    /// of a broker's threads went on for up to 190 ms, and answered meanwhile.
    /// </summary>
    public static Task StandsStillAsync(int process) => UntilAsync(
        "every thread stands still",
        TimeSpan.FromSeconds(10),
        () => Task.FromResult(Directory.GetDirectories($"/proc/{process}/task").All(IsStopped)));

    /// <summary>Whether something accepts connections there.</summary>
    public static async Task<bool> AcceptsAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static bool IsStopped(string thread)
    {
        try
        {
            return File.ReadAllText(Path.Combine(thread, "stat")).Split(") ")[^1][0] == 'T';
        }
        catch (IOException)
        {
            return false;    // it has just ended: look again
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }
}
