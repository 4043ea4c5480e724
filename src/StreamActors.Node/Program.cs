using System.CommandLine;
using System.Runtime.InteropServices;
using StreamActors;
using StreamActors.Node;
using StreamActors.Node.Cli;
using StreamActors.Snapshots;
using StreamActors.Sources;

// Signals are taken from the first instruction on: SIGTERM in any stage of a start ends it in order, with exit code 0.
using var stopping = new CancellationTokenSource();
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

var parsed = Root.Make(stopping.Token).Parse(args.Length > 0 ? args : ["--help"]);
if (parsed.Errors.Count > 0)
{
    await Console.Error.WriteLineAsync(UsageErrors.Explain(parsed));
    return 2;
}

try
{
    return await parsed.InvokeAsync(
        new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Exception error) when (error is UserErrorException or PipelineException)
{
    await Console.Error.WriteLineAsync(error.Message);
    return 2;
}
catch (Exception error) when (error is SourceException or StateStoreException or SnapshotException or RefusedException)
{
    await Console.Error.WriteLineAsync(error.Message);
    return 1;
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    return 0;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stopping.Cancel();
}
