using StreamActors.Snapshots;

namespace StreamActors.Testing.Tests;

/// <summary>The store of the simulation is held to what the real one is held to.</summary>
public sealed class MemoryStateStoreTests : StateStoreContract
{
    private readonly MemoryStateStore store = new();
    private long copied;

    [Theory]
    [MemberData(nameof(Promises))]
    [MemberData(nameof(FaultPromises))]
    public Task It_keeps(string promise) => CheckAsync(promise);

    private protected override Task<IStateStore> OpenAsync() => Task.FromResult<IStateStore>(store);

    private protected override Task EmptyAsync()
    {
        store.Empty();
        return Task.CompletedTask;
    }

    private protected override Task CopyAsync()
    {
        copied = store.Changes;
        return Task.CompletedTask;
    }

    private protected override Task GoBackAsync()
    {
        store.GoBackTo(copied);
        return Task.CompletedTask;
    }

    private protected override Func<bool> Interrupt(IStateStore opened, int exchange, bool takesEffect)
    {
        var (left, failed) = (exchange, false);
        store.Before = takesEffect ? null : Fail;
        store.After = takesEffect ? Fail : null;
        return () =>
        {
            (store.Before, store.After) = (null, null);
            return failed;
        };

        ValueTask Fail(StoreCall call) => left-- == 0 && (failed = true)
            ? throw new StateStoreException("interrupted")
            : ValueTask.CompletedTask;
    }
}
