namespace StreamActors.Simulation.Tests;

/// <summary>
/// Where a simulation runs: the engine must not find the test runner's synchronization context, to which a continuation
/// would move.
/// </summary>
internal static class PlainThread
{
    public static T Run<T>(Func<T> function)
    {
        var result = default(T);
        var thread = new Thread(() => result = function());
        thread.Start();
        thread.Join();
        return result!;
    }
}
