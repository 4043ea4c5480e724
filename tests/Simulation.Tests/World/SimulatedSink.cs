using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors.Simulation.Tests.World;

/// <summary>
/// A sink of one process. It takes its time, fails in the middle of a batch, refuses outputs, has defects; and it
/// sees to it that the engine keeps the sinks' contract.
/// </summary>
internal sealed class SimulatedSink(SimulatedWorld world, string name) : ISink
{
    private readonly HashSet<IExpectations> underWay = [];

    /// <summary>The member whose sink it is.</summary>
    public SimulatedConsumer? Member { get; set; }

    public string Name => name;

    public Task DeliverAsync(OutputBatch batch, CancellationToken stop) =>
        world.Check(() => Begin(batch, stop));

    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task Begin(OutputBatch batch, CancellationToken stop)
    {
        stop.IsCancellationRequested.ShouldBeFalse("a delivery begins only in an open epoch");
        batch.Refused.ShouldBeEmpty("an attempt begins with nothing refused");
        var outputs = Copy(batch);
        var expected = new Dictionary<PartitionId, IExpectations>();
        foreach (var partition in outputs.Select(static output => output.Partition).Distinct())
        {
            Member!.Owned.ShouldContainKey(
                partition, $"{Member} delivers outputs of {partition}, which it does not own");
            expected[partition] = Member.Owned[partition];
        }

        world.CoPartitions(outputs[0].Partition).ShouldBe(
            expected.Keys.Union(world.CoPartitions(outputs[0].Partition)), ignoreOrder: true, "a lane is a shard's");
        var chances = world.Chances;
        if (world.Random.NextDouble() < chances.SinkDefect)
        {
            throw new NotSupportedException("The sink has a defect.");
        }

        if (world.Random.NextDouble() < chances.SinkFails / 4)
        {
            throw new SinkException("The sink is away, and says so at once.");
        }

        var attempt = new Attempt(batch, outputs, expected, stop);
        underWay.Overlaps(expected.Values).ShouldBeFalse("a shard has one delivery under way, over its restarts too");
        underWay.UnionWith(expected.Values);
        return FinishAsync(attempt, world.Random.NextDouble() < chances.SinkFails, world.Random.Next(4) == 0);
    }

    private static List<Delivery> Copy(OutputBatch batch)
    {
        var copies = new List<Delivery>();
        foreach (ref readonly var output in batch.Outputs)
        {
            var cause = SimulatedRecord.Parse(batch.Value(output));
            copies.Add(new Delivery(output.Destination, cause, output.Origin.Offset));
        }

        return copies;
    }

    private async Task FinishAsync(Attempt attempt, bool fails, bool atOnce)
    {
        var (outputs, expected) = (attempt.Outputs, attempt.Expected);
        if (!atOnce)
        {
            await world.Delay(12, attempt.Stop);
        }

        underWay.ExceptWith(expected.Values);
        if (attempt.Stop.IsCancellationRequested)
        {
            // The outcome matters to nobody; what had begun may still arrive.
            outputs.Take(world.Random.Next(outputs.Count + 1)).ToList().ForEach(output => world.Arrive(name, output));
            throw new OperationCanceledException(attempt.Stop);
        }

        world.Check(() => Copy(attempt.Batch).ShouldBe(outputs, "a batch does not change while a sink has it"));
        var taken = fails ? world.Random.Next(outputs.Count + 1) : outputs.Count;
        for (var index = 0; index < taken; index++)
        {
            var output = outputs[index];
            if (world.Random.NextDouble() < world.Chances.SinkRefuses)
            {
                attempt.Batch.Refuse(index, "It is too large.");
            }

            Deliver(expected[output.Partition], output);
        }

        if (fails)
        {
            world.Trace($"{Member}: {name} fails after {taken} of {outputs.Count} of {outputs[0].Partition}");
            throw new SinkException("The sink is away.");
        }

        foreach (var output in outputs.Where(static output => output.IsOfRecord))
        {
            expected[output.Partition].Acknowledge(name, output.Kind, output.Cause);
        }

        foreach (var (index, _) in attempt.Batch.Refused.Where(each => outputs[each.Index].IsOfRecord))
        {
            expected[outputs[index].Partition].Refuse(name, outputs[index].Cause.Offset);
        }

        world.Trace($"{Member}: {name} took {string.Join(", ", outputs)}");
    }

    /// <summary>A refused output counts as delivered, in its place; its dead letter is owed.</summary>
    private void Deliver(IExpectations expected, Delivery output)
    {
        world.Arrive(name, output);
        if (output.IsOfRecord)
        {
            world.Check(() => expected.Deliver(name, output.Kind, output.Cause));
        }
    }

    private sealed record Attempt(
        OutputBatch Batch,
        List<Delivery> Outputs,
        Dictionary<PartitionId, IExpectations> Expected,
        CancellationToken Stop);
}

/// <summary>An output as a sink saw it.</summary>
internal sealed record Delivery(string Kind, SimulatedRecord Cause, long Origin)
{
    public bool IsOfRecord => Origin != StreamActors.Sinks.Origin.NoOffset;

    public Records.PartitionId Partition => new(Cause.Topic, Cause.Partition);

    public override string ToString() => $"{Partition}@{Origin} {Kind}";
}
