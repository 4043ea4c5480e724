using System.CommandLine;
using System.Runtime.InteropServices;
using StreamActors;
using StreamActors.Node;
using StreamActors.Node.Commands;

// Signals are taken from the first instruction on: SIGTERM in any stage of a start ends it in order, with exit code 0.
using var stopping = new CancellationTokenSource();
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

var root = new RootCommand("StreamActors: an actor-model distributed stream processor over Kafka.")
{
    RunCommand.Make(stopping.Token),
    BenchCommand.Make(stopping.Token),
};

try
{
    return await root.Parse(args).InvokeAsync(
        new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Exception error) when (error is UserErrorException or PipelineException)
{
    await Console.Error.WriteLineAsync(error.Message);
    return 2;
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
