using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors.Simulation.Tests.World;

/// <summary>
/// A sink of one process. It takes its time, fails in the middle of a batch, refuses outputs, has defects; and it
/// sees to it that the engine keeps the sinks' contract.
/// </summary>
internal sealed class SimulatedSink(SimulatedWorld world, string name) : ISink
{
    private const int LargestOutput = 200;

    private readonly Promises promises = world.Promises;
    private readonly HashSet<IExpectations> underWay = [];

    /// <summary>The member whose sink it is.</summary>
    public SimulatedConsumer? Member { get; set; }

    public string Name => name;

    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public Task DeliverAsync(OutputBatch batch, CancellationToken stop)
    {
        promises.Require(
            Promise.Ownership, !stop.IsCancellationRequested, $"{Member} delivers to {name} in an ended epoch");
        promises.Require(
            Promise.Ownership, !Member!.HasExpired, $"{Member} delivers to {name} after it slept for a session");
        promises.Require(Promise.Contract, batch.Refused.Count == 0, $"an attempt begins with outputs refused");
        var outputs = Copy(batch);
        promises.Require(
            Promise.State,
            !outputs.Exists(static output => !output.IsOfRecord && output.Cause.Wish == Wish.Throw),
            $"of a timer's call that throws something leaves: {string.Join(", ", outputs)}");
        CheckSize(batch, outputs);
        var expected = new Dictionary<PartitionId, IExpectations>();
        foreach (var partition in outputs.Select(static output => output.Partition).Distinct())
        {
            promises.Require(
                Promise.Ownership,
                Member!.Owned.ContainsKey(partition),
                $"{Member} delivers of {partition}, not its own");
            expected[partition] = Member.Owned[partition];
        }

        promises.Require(
            Promise.Contract,
            !expected.Keys.Except(world.CoPartitions(outputs[0].Partition)).Any(),
            $"a batch for {name} is of several shards: {string.Join(", ", expected.Keys)}");
        var chances = world.Chances;
        if (world.Chance.NextDouble() < chances.SinkDefect)
        {
            throw new NotSupportedException("The sink has a defect.");
        }

        if (world.Chance.NextDouble() < chances.SinkFails / 4)
        {
            throw new SinkException("The sink is away, and says so at once.");
        }

        var attempt = new Attempt(batch, outputs, expected, stop);
        promises.Require(
            Promise.Order,
            !underWay.Overlaps(expected.Values),
            $"two deliveries of {outputs[0].Partition} to {name} are under way at once");
        underWay.UnionWith(expected.Values);
        return FinishAsync(attempt, world.Chance.NextDouble() < chances.SinkFails, world.Chance.Next(4) == 0);
    }

    /// <summary>A batch has room until it is full, and the call that fills it may have two outputs a sink.</summary>
    private void CheckSize(OutputBatch batch, List<Delivery> outputs)
    {
        if (name == RouteDefinition.DeadLetterLane)
        {
            // Of each output that a sink refuses there is one at once.
            return;
        }

        promises.Require(
            Promise.Limits,
            outputs.Count <= world.Setting.Limits.OutboxRecords + 1,
            $"a batch for {name} has {outputs.Count} outputs, and {world.Setting.Limits.OutboxRecords} is the limit");
        promises.Require(
            Promise.Limits,
            batch.Bytes < world.Setting.Limits.OutboxBytes + (2 * LargestOutput),
            $"a batch for {name} has {batch.Bytes} bytes, and {world.Setting.Limits.OutboxBytes} is the limit");
    }

    private static List<Delivery> Copy(OutputBatch batch)
    {
        var copies = new List<Delivery>();
        foreach (ref readonly var output in batch.Outputs)
        {
            var cause = SimulatedRecord.Parse(batch.Value(output));
            var kind = IsGivenUp(batch.Headers(output), cause) ? Deliveries.GivenUp : output.Destination;
            copies.Add(new Delivery(kind, cause, output.Origin.Offset));
        }

        return copies;
    }

    private static bool IsGivenUp(ReadOnlySpan<byte> headers, SimulatedRecord cause)
    {
        foreach (var header in RecordHeaders.Read(headers))
        {
            if (header.Name.SequenceEqual("error_type"u8))
            {
                return header.Value.SequenceEqual("ParkingFullException"u8)
                    || (cause.Wish == Wish.Emit && !header.Value.SequenceEqual("refused_output"u8));
            }
        }

        return false;
    }

    private async Task FinishAsync(Attempt attempt, bool fails, bool atOnce)
    {
        var (outputs, expected) = (attempt.Outputs, attempt.Expected);
        var isLate = world.Chance.NextDouble() < world.Chances.SinkIsLate;
        if (!atOnce)
        {
            await world.Delay(isLate ? 500 : 12, attempt.Stop);
        }

        underWay.ExceptWith(expected.Values);
        if (attempt.Stop.IsCancellationRequested)
        {
            // The outcome matters to nobody. What had begun may still arrive, and its acknowledgement too: too late.
            var arrived = world.Chance.Next(outputs.Count + 1);
            outputs.GetRange(0, arrived).ForEach(output => world.Arrivals.Add(name, output));
            if (arrived < outputs.Count)
            {
                throw new OperationCanceledException(attempt.Stop);
            }

            world.Trace($"{Member}: {name} took {string.Join(", ", outputs)} when their epoch had ended");
            return;
        }

        promises.Require(
            Promise.Contract,
            Copy(attempt.Batch).SequenceEqual(outputs),
            $"a batch of {outputs[0].Partition} changes while {name} has it");
        var taken = fails ? world.Chance.Next(outputs.Count + 1) : outputs.Count;
        for (var index = 0; index < taken; index++)
        {
            var output = outputs[index];
            if (world.Chance.NextDouble() < world.Chances.SinkRefuses)
            {
                attempt.Batch.Refuse(index, "It is too large.");
            }

            Deliver(expected[output.Partition], output);
        }

        if (fails)
        {
            world.MayRepeat |= taken > 0;
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
        world.Arrivals.Add(name, output);
        if (output.Kind == Deliveries.GivenUp && world.RouteOf(output.Partition).GivesUpOldest)
        {
            CheckGivenUp(expected, output);
        }

        if (output.IsOfRecord)
        {
            expected.Deliver(name, output.Kind, output.Cause);
        }
    }

    /// <summary>
    /// A record may be given up once it was parked for too long, or when so much was read behind it that there can have
    /// been no room for more.
    /// </summary>
    private void CheckGivenUp(IExpectations expected, Delivery output)
    {
        var (limits, log) = (world.Setting.Limits.Parking, world.Broker.Log(output.Partition));
        var waited = world.Time.Elapsed - Member!.ReadAt(new PartitionOffset(output.Partition, output.Origin));
        var (from, to) = (log.IndexOf(output.Origin), log.IndexOf(expected.Position));
        promises.Require(
            Promise.NoLoss,
            (limits.Age > TimeSpan.Zero && waited >= limits.Age)
                || to - from > limits.Records
                || log.Records[from..to].Sum(static record => record.ParkedBytes) >= limits.Bytes,
            $"{output} is given up {waited} after it was read, with {to - from - 1} records behind it: {limits}");
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
    /// <summary>Its kind; of a timer's output which timer's it is.</summary>
    public string What => IsOfRecord ? Kind : $"{Cause.Key} {Cause.Mark}";

    public bool IsOfRecord => Origin != StreamActors.Sinks.Origin.NoOffset;

    public Records.PartitionId Partition => new(Cause.Topic, Cause.Partition);

    public override string ToString() => $"{Partition}@{Origin} {Kind}";
}
