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
    private readonly Dictionary<string, int> underWay = [];
    private readonly HashSet<(IExpectations Owned, int Run, string Key)> keys = [];

    /// <summary>Scopes that were opened and not disposed.</summary>
    public int OpenScopes { get; private set; }

    public IScope Open()
    {
        OpenScopes++;
        return new Scope(this);
    }

    private void Check(Action check) => world.Check(check);

    private async ValueTask<SimulatedRecord?> CallAsync(SimulatedRecord record, Call call, CancellationToken stop)
    {
        var options = world.Calls;
        var finish = world.Check(() => Begin(record, call, stop));
        try
        {
            var fails = world.Random.NextDouble() < world.Chances.CallFails;
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
                Wish.Throw when world.Random.Next(2) == 0 => throw new InvalidOperationException("It is refused."),
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
        switch (world.Random.Next(4))
        {
            case 0:
                throw new SimulatedTrouble();
            case 1:
                await world.Delay(5, stop);
                throw new SimulatedTrouble();
            default:
                // It runs out of its time, and heeds its token or does not.
                await world.Delay(5, stop);
                await world.Overrun(world.Calls.Timeout * 3, stop);
                stop.ThrowIfCancellationRequested();
                break;
        }
    }

    /// <returns>What is to be done when the call has ended.</returns>
    private Action Begin(SimulatedRecord record, Call call, CancellationToken stop)
    {
        var partition = new PartitionId(record.Topic, record.Partition);
        world.Trace($"{process.Consumer} calls for {partition}@{record.Offset}, attempt {call.Attempt}");
        stop.IsCancellationRequested.ShouldBeFalse("a call begins only in an open epoch");
        var owned = process.Consumer.Owned.GetValueOrDefault(partition);
        owned.ShouldNotBeNull($"{process.Consumer} calls for {partition}, which it does not own");
        call.IdempotencyKey.ShouldBe($"{record.Topic}/{record.Partition}/{record.Offset}");
        call.Attempt.ShouldBeInRange(1, world.Calls.Retry.Attempts);
        underWay[record.Topic] = underWay.GetValueOrDefault(record.Topic) + 1;
        underWay[record.Topic].ShouldBeLessThanOrEqualTo(world.Calls.MaxInFlight, "the bound of calls under way");

        var key = (owned, owned.Run, record.Key);
        if (record.Key.Length > 0)
        {
            keys.Add(key).ShouldBeTrue($"{partition}: two calls at once for the key {record.Key}");
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

    private sealed class Scope(SimulatedCalls calls) : IScope
    {
        private bool isDisposed;

        public T Make<T>()
            where T : class => typeof(T) == typeof(SimulatedMap)
                ? (T)(object)new SimulatedMap(calls)
                : Activator.CreateInstance<T>();

        public ValueTask DisposeAsync()
        {
            calls.OpenScopes--;
            calls.Check(() => isDisposed.ShouldBeFalse("a scope is disposed once"));
            isDisposed = true;
            return ValueTask.CompletedTask;
        }
    }

    internal sealed class SimulatedMap(SimulatedCalls calls) : IAsyncMap<SimulatedRecord, SimulatedRecord>
    {
        public ValueTask<SimulatedRecord?> MapAsync(SimulatedRecord value, Call call, CancellationToken stop) =>
            calls.CallAsync(value, call, stop);
    }
}
