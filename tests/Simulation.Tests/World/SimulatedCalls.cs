using StreamActors.Records;

namespace StreamActors.Simulation.Tests.World;

/// <summary>A failure of a call that is worth another attempt.</summary>
internal sealed class SimulatedTrouble() : Exception("The service is busy.");

/// <summary>
/// User code of <c>MapAsync</c> in one process. Its calls take their time, fail for now or for good, run out of their
/// time, and heed their token or not; and it sees to it that the engine keeps the contract of calls.
/// </summary>
internal sealed class SimulatedCalls(SimulatedWorld world, SimulatedProcess process) : IScopes
{
    private readonly HashSet<SimulatedScope> open = [];
    private readonly Dictionary<string, int> underWay = [];
    private readonly HashSet<(IExpectations Owned, int Run, string Key)> keys = [];

    /// <summary>Scopes that were opened and not disposed.</summary>
    public int OpenScopes => open.Count;

    /// <summary>The handlers of the shards that have not ended.</summary>
    public IEnumerable<SimulatedEntity> Handlers => open.SelectMany(static scope => scope.Handlers);

    public IScope Open()
    {
        var scope = new SimulatedScope(this);
        open.Add(scope);
        return scope;
    }

    /// <summary>A scope was disposed of.</summary>
    public void Closed(SimulatedScope scope) =>
        world.Promises.Require(Promise.Contract, open.Remove(scope), $"a scope is disposed of twice");

    private async ValueTask<SimulatedRecord?> CallAsync(SimulatedRecord record, Call call, CancellationToken stop)
    {
        var options = world.Setting.Calls;
        var finish = Begin(record, call, stop);
        try
        {
            var fails = world.Chance.NextDouble() < world.Chances.CallFails;
            var isLast = call.Attempt == options.Retry.Attempts;
            if (fails && (!isLast || record.Wish == Wish.Throw))
            {
                await FailForNow(stop);
            }

            // The last attempt of one that does not wish to fail ends in time, so that its fate is known.
            await world.Delay((int)options.Timeout.TotalMilliseconds - 1, stop);
            return record.Wish switch
            {
                Wish.Ignore => null,
                Wish.Throw when world.Chance.Next(2) == 0 => throw new InvalidOperationException("It is refused."),
                _ => record,
            };
        }
        finally
        {
            finish();
        }
    }

    private async Task FailForNow(CancellationToken stop)
    {
        switch (world.Chance.Next(4))
        {
            case 0:
                throw new SimulatedTrouble();
            case 1:
                await world.Delay(5, stop);
                throw new SimulatedTrouble();
            default:
                // It runs out of its time, and heeds its token or does not.
                await world.Delay(5, stop);
                await world.Overrun(world.Setting.Calls.Timeout * 3, stop);
                stop.ThrowIfCancellationRequested();
                break;
        }
    }

    /// <returns>What is to be done when the call has ended.</returns>
    private Action Begin(SimulatedRecord record, Call call, CancellationToken stop)
    {
        var partition = new PartitionId(record.Topic, record.Partition);
        world.Trace($"{process.Consumer} calls for {partition}@{record.Offset}, attempt {call.Attempt}");
        var promises = world.Promises;
        promises.Require(
            Promise.Ownership, !stop.IsCancellationRequested, $"a call for {record} begins in an ended epoch");
        var owned = process.Consumer.Owned.GetValueOrDefault(partition);
        promises.Require(
            Promise.Ownership, owned is not null, $"{process.Consumer} calls for {partition}, which it does not own");
        promises.Require(
            Promise.Contract,
            call.IdempotencyKey == $"{record.Topic}/{record.Partition}/{record.Offset}",
            $"{record} has the idempotency key {call.IdempotencyKey}");
        promises.Require(
            Promise.Contract,
            call.Attempt >= 1 && call.Attempt <= world.Setting.Calls.Retry.Attempts,
            $"attempt {call.Attempt} of {world.Setting.Calls.Retry.Attempts} for {record}");
        underWay[record.Topic] = underWay.GetValueOrDefault(record.Topic) + 1;
        promises.Require(
            Promise.Limits,
            underWay[record.Topic] <= world.Setting.Calls.MaxInFlight,
            $"{underWay[record.Topic]} calls are under way, and {world.Setting.Calls.MaxInFlight} may be");

        var key = (owned!, owned!.Run, record.Key);
        if (record.Key.Length > 0 && !world.RouteOf(partition).GivesUpOldest)
        {
            // The call of a record that is given up may go on, beside that of the next of its key.
            promises.Require(
                Promise.Order, keys.Add(key), $"{partition}: two calls at once for the key {record.Key}");
            stop.Register(() => keys.Remove(key));
        }

        return () =>
        {
            underWay[record.Topic]--;
            if (!stop.IsCancellationRequested)
            {
                keys.Remove(key);
            }
        };
    }

    internal sealed class SimulatedMap(SimulatedCalls calls) : IAsyncMap<SimulatedRecord, SimulatedRecord>
    {
        public ValueTask<SimulatedRecord?> MapAsync(SimulatedRecord value, Call call, CancellationToken stop) =>
            calls.CallAsync(value, call, stop);
    }
}

/// <summary>What a call, or a shard, has of user code.</summary>
internal sealed class SimulatedScope(SimulatedCalls calls) : IScope
{
    /// <summary>The handlers of a shard, one for each kind of entity.</summary>
    public List<SimulatedEntity> Handlers { get; } = [];

    public T Make<T>()
        where T : class => (T)(object)new SimulatedCalls.SimulatedMap(calls);

    public ValueTask DisposeAsync()
    {
        calls.Closed(this);
        return ValueTask.CompletedTask;
    }
}
