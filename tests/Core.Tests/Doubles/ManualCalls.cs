namespace StreamActors.Core.Tests.Doubles;

/// <summary>
/// User code of <c>MapAsync</c> whose calls end when the test says so, with the scopes that it comes from.
/// </summary>
internal sealed class ManualCalls : IScopes
{
    /// <summary>The calls that were made, in their order.</summary>
    public List<ManualCall> All { get; } = [];

    public int OpenScopes { get; private set; }

    public Exception? ThrowAtOpening { get; set; }

    public Exception? ThrowAtMaking { get; set; }

    public Exception? ThrowAtOnce { get; set; }

    public Exception? ThrowAtDisposing { get; set; }

    public ManualCall Last => All[^1];

    /// <summary>The call for a value.</summary>
    public ManualCall this[int value] => All.Last(call => call.Value == value);

    public IEnumerable<int> Values => All.Select(static call => call.Value);

    public IScope Open()
    {
        if (ThrowAtOpening is { } error)
        {
            throw error;
        }

        OpenScopes++;
        return new Scope(this);
    }

    private sealed class Scope(ManualCalls calls) : IScope
    {
        public T Make<T>()
            where T : class => calls.ThrowAtMaking is { } error ? throw error
            : typeof(T) == typeof(ManualMap) ? (T)(object)new ManualMap(calls) : Activator.CreateInstance<T>();

        public ValueTask DisposeAsync()
        {
            calls.OpenScopes--;
            return calls.ThrowAtDisposing is { } error ? throw error : ValueTask.CompletedTask;
        }
    }
}

/// <summary>Makes a text of a number, when the test says so.</summary>
internal sealed class ManualMap(ManualCalls calls) : IAsyncMap<int, string>
{
    public ValueTask<string?> MapAsync(int value, Call call, CancellationToken stop)
    {
        if (calls.ThrowAtOnce is { } error)
        {
            throw error;
        }

        calls.All.Add(new ManualCall(value, call, stop));
        return new ValueTask<string?>(calls.Last.Done.Task);
    }
}

/// <summary>A call under way.</summary>
internal sealed record ManualCall(int Value, Call Call, CancellationToken Stop)
{
    public TaskCompletionSource<string?> Done { get; } = new();
}
