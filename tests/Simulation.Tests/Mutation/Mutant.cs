using StreamActors.Simulation.Tests.World;

namespace StreamActors.Simulation.Tests.Mutation;

/// <summary>A decision of the engine that is taken wrongly.</summary>
/// <param name="Name">What is wrong, as a sentence.</param>
/// <param name="Breaks">The promise that it breaks.</param>
/// <param name="Edits">What makes it so: a text of a source, once in its file, and what stands in its place.</param>
internal sealed record Mutant(
    string Name, Promise Breaks, params (string File, string Original, string Replacement)[] Edits)
{
    private const string Cycle = "StreamActors.Core/Snapshots/SnapshotCycle.cs";
    private const string Check = "StreamActors.Core/Snapshots/FingerprintCheck.cs";
    private const string Timers = "StreamActors.Core/Entities/EntityTimers.cs";
    private const string Table = "StreamActors.Core/Entities/EntityTable.cs";
    private const string Away = "StreamActors.Core/Entities/AwayEntities.cs";
    private const string Active = "StreamActors.Core/Entities/ActiveEntities.cs";
    private const string Lane = "StreamActors.Core/Sinks/SinkLane.cs";
    private const string Runner = "StreamActors.Core/Shards/RouteRunner.cs";
    private const string Shard = "StreamActors.Core/Shards/Shard.cs";
    private const string Parking = "StreamActors.Core/Parked/Parking.cs";
    private const string Calls = "StreamActors.Core/Calls/MapAsyncStage.cs";
    private const string Member = "StreamActors.Core/Pipelines/GroupMember.cs";

    public static IReadOnlyList<Mutant> All { get; } =
    [
        .. OfOffsets(), .. OfOwnership(), .. OfSinks(), .. OfCuts(), .. OfRestores(), .. OfStores(), .. OfEntities(),
        .. OfOrderAndLimits(),
    ];

    private static IEnumerable<Mutant> OfOffsets() =>
    [
        new(
            "A commit goes past a gap",
            Promise.Commits,
            ("StreamActors.Core/Offsets/OffsetLedger.cs",
                "public long Committable => first;",
                "public long Committable => next;")),
        new(
            "What is done is committed before it is saved",
            Promise.Commits,
            ("StreamActors.Core/Shards/ShardProgress.cs",
                "cycle?.Durable(input) ?? ledgers[input].Committable",
                "ledgers[input].Committable")),
        new(
            "A partition that is found later starts at its end",
            Promise.NoLoss,
            ("StreamActors.Core/Sources/StartPolicy.cs",
                "return isKnownTopic || setting == StartAt.Earliest",
                "return setting == StartAt.Earliest")),
        new(
            "The id of a record that failed stays seen",
            Promise.Commits,
            (Runner, "seen!.Remove(givenUp);", "_ = givenUp;")),
    ];

    private static IEnumerable<Mutant> OfOwnership() =>
    [
        new(
            "What was lost is committed",
            Promise.Commits,
            (Member,
                "Drop(Find(partitions));\n        host.Scheduler",
                "Drain(Find(partitions), Timing.DrainLimit);\n        host.Scheduler")),
        new(
            "A shard goes on when its epoch has ended",
            Promise.Ownership,
            (Shard, "if (!epoch.IsOpen)", "if (false)"),
            ("StreamActors.Core/Shards/Epoch.cs", "isOpen ? begin(closed.Token) : null", "begin(default)")),
        new(
            "A hold is forgotten: a partition is read without its co-partition",
            Promise.Ownership,
            ("StreamActors.Core/Pipelines/OwnedShard.cs",
                "IsComplete => Array.TrueForAll(",
                "IsComplete => Array.Exists("),
            ("StreamActors.Core/Pipelines/OwnedShard.cs",
                "nextToRead = (nextToRead + 1) % partitions.Length;",
                "do { nextToRead = (nextToRead + 1) % partitions.Length; } while (partitions[nextToRead] is null);")),
        new(
            "A shard begins before what the one before it was delivering has ended",
            Promise.Order,
            ("StreamActors.Core/Pipelines/ShardStarter.cs",
                "Former: null or { IsQuiet: true }",
                "Former: null or { }")),
        new(
            "A drain lets go of what is not done",
            Promise.NoDuplicate,
            (Shard,
                "held.Length == 0 && context.Outbox.IsEmpty && life == Life.Draining && IsSaved()",
                "life == Life.Draining")),
    ];

    private static IEnumerable<Mutant> OfSinks() =>
    [
        new(
            "An output is acknowledged before its sink has it",
            Promise.Commits,
            (Lane,
                "(sending, Filling) = (Filling, sending);",
                "(sending, Filling) = (Filling, sending); acknowledged(this, sending, 0);"),
            (Lane, "            acknowledged(this, sending, now - since);\n", "")),
        new(
            "A delivery that failed counts as acknowledged",
            Promise.Commits,
            (Lane, "if (underWay.IsCompletedSuccessfully)", "if (underWay.IsCompleted)")),
        new(
            "Outputs of a call that throws leave",
            Promise.NoDuplicate,
            ("StreamActors.Core/Shards/OutputScope.cs", "lanes[i].Filling.Rollback(marks[i]);", "")),
    ];

    private static IEnumerable<Mutant> OfCuts() =>
    [
        new(
            "A snapshot is not on a cut: its position is one record behind its state",
            Promise.State,
            (Cycle,
                "TakePositions(lastCutAt);\n        PartitionOffset[]",
                "TakePositions(lastCutAt);\n        lastCutAt[0] = Math.Max(lastCutAt[0] - 1, durable[0]);\n"
                    + "        PartitionOffset[]")),
        new(
            "State is serialised after the cut",
            Promise.State,
            (Cycle, "IsSettled() && Enter(Phase.Saving)", "IsSettled() && Serialise()"),
            (Cycle,
                "    private bool Enter(Phase next)",
                """
                    private bool Serialise()
                    {
                        var late = new SnapshotCut { IsWhole = true, UtcNow = context.UtcNow };
                        context.Parts.ForEach(late.Add);
                        PartitionOffset[] positions =
                            [.. context.Inputs.Select((input, at) => new PartitionOffset(input, lastCutAt[at]))];
                        save = late.ToSave(number, new ShardHead(context.UtcNow, positions, context.EventClock.Times));
                        return Enter(Phase.Saving);
                    }

                    private bool Enter(Phase next)
                """)),
        new(
            "A save does not wait for what was emitted before it",
            Promise.NoLoss,
            (Cycle, "IsSettled() && Enter(Phase.Saving)", "Enter(Phase.Saving)")),
        new(
            "A parked record is not carried",
            Promise.NoLoss,
            ("StreamActors.Core/Parked/SavedRecords.cs", "cut.Keys.Put(key, value.Seal().Span);", "")),
        new(
            "A record in a window is not carried",
            Promise.NoLoss,
            ("StreamActors.Core/Windows/WindowStage.cs",
                "cut.Head.Write(flushing.Count - flushed + filling.Count);",
                "cut.Head.Write(0);")),
        new(
            "A whole save has only what has changed",
            Promise.State,
            (Table,
                "changed = cut.IsWhole ? [.. keys.All.Select(static each => each.Index)] : changed;",
                "")),
        new(
            "The store is not told of an entity that is gone",
            Promise.State,
            (Table, "        changes?.Remove(keys.KeyAt(index).Span);\n", "")),
    ];

    private static IEnumerable<Mutant> OfRestores() =>
    [
        new(
            "A timer is lost at a restore",
            Promise.Timers,
            (Timers,
                "Add(set, new EntityTimer(name, key, recordKey, byEventTime ? at : OnClock(at), byEventTime));",
                "_ = (name, at, byEventTime, recordKey);")),
        new(
            "The records' time is lost at a restore",
            Promise.Timers,
            ("StreamActors.Core/Snapshots/ShardRestore.cs",
                "context.EventClock.Restore(inputs[at], head.EventTimes[at]);",
                "")),
        new(
            "The ids that were seen are lost at a restore",
            Promise.State,
            (Runner, "=> seen!.Load(saved, context.Now);", "=> _ = saved;")),
        new(
            "A restored shard is read from the committed offset, not from its snapshot's",
            Promise.State,
            ("StreamActors.Core/Pipelines/ShardStarter.cs",
                "if (running.Next(partition.Input) is var next && next != partition.StartAt)",
                "if (running.Next(partition.Input) is var next && false)")),
    ];

    private static IEnumerable<Mutant> OfStores() =>
    [
        new(
            "A store does not compare the token",
            Promise.Ownership,
            ("StreamActors.Testing/MemoryStateStore.cs",
                "                    : stored.Token > Token ? SaveOutcome.Fenced\n",
                "")),
        new(
            "A program goes on with a state that is not its own",
            Promise.Ownership,
            (Check, "return differences.Count == 0 ?", "return differences.Count >= 0 ?")),
        new(
            "A fingerprint counts as seen though the store has not answered",
            Promise.Ownership,
            (Check,
                "        var seen = ReadOnlyMemory<byte>.Empty;\n",
                "        isDone = true;\n        var seen = ReadOnlyMemory<byte>.Empty;\n")),
        new(
            "A save that was refused counts as current",
            Promise.Commits,
            (Cycle,
                "throw new ShardFencedException($\"Another process has claimed the shard {claim.Shard}.\");",
                "BecomeDurable(); phase = Phase.Idle; return;")),
        new(
            "A store that is behind is believed",
            Promise.Commits,
            (Cycle,
                "(mustBeWhole, context.MayEvict, phase) = (true, false, Phase.Claiming);",
                "BecomeDurable(); phase = Phase.Idle;")),
        new(
            "Parked records come back in another order than they were parked in",
            Promise.Order,
            ("StreamActors.Core/Parked/SavedRecords.cs",
                "records.OrderBy(static record => record.Watermark)",
                "records.OrderByDescending(static record => record.Origin.Offset)")),
    ];

    private static IEnumerable<Mutant> OfEntities() =>
    [
        new(
            "A call that throws leaves its state changed",
            Promise.State,
            (Active, "guard.Restore(ref entities[called].State);", "")),
        new(
            "A timer that has fired is saved as set",
            Promise.Timers,
            (Active, "entities[called].Timers!.Remove(timer.Name);", "")),
        new(
            "A timer that is moved to an earlier time stays where it was",
            Promise.Timers,
            ("StreamActors.Core/Entities/TimerQueue.cs", "if (due < timer.QueuedFor)", "if (due < 0)")),
        new(
            "The longest unused entity stays at the cap",
            Promise.State,
            (Table, "isAtCap = keys.Count > maxActive;", "isAtCap = false;")),
        new(
            "An entity that is away counts as new",
            Promise.State,
            (Away, "if (Unparked is not null || !MayHave(from.EntityKey))", "if (from.Record.Offset >= 0)")),
        new(
            "What a late page brings of an entity is believed",
            Promise.State,
            (Away, "left!.Find(key.Span) >= 0 || changes.IsRemoved(key.Span) || isActive(key)", "isActive(key)")),
    ];

    private static IEnumerable<Mutant> OfOrderAndLimits() =>
    [
        new(
            "Calls of a key do not wait for each other",
            Promise.Order,
            (Parking, "return isFirst;", "return true;")),
        new(
            "Any number of records may be parked",
            Promise.Limits,
            (Parking,
                "HasRoom(long now) => count < limits.Records && bytes < limits.Bytes && now < OverdueAt;",
                "HasRoom(long now) => now < OverdueAt;")),
        new(
            "Any number of timers may be set",
            Promise.Limits,
            (Timers,
                "if (asked.Length <= room || CountNew(asked, set) <= room)",
                "if (asked.Length <= room || CountNew(asked, set) <= limit)")),
        new(
            "A parked record is given up though there is room",
            Promise.NoLoss,
            (Calls,
                "(forRoom ? !HasRoom : context.Now >= parking.OverdueAt)",
                "(forRoom ? !HasRoom : parking.Count > 1)"),
            (Calls, "parking.Full(context.Now, plan.Name)!.Why", "plan.Name")),
        new(
            "A record that is given up goes nowhere",
            Promise.NoLoss,
            (Calls,
                "if (error is not null)\n        {\n            deadLetters.Fail(",
                "if (error is not null and not ParkingFullException)\n        {\n            deadLetters.Fail(")),
        new(
            "A mailbox is never full",
            Promise.Limits,
            ("StreamActors.Core/Shards/Mailbox.cs",
                "HasRoom => Volatile.Read(ref records) < maxRecords && Volatile.Read(ref bytes) < maxBytes;",
                "HasRoom => true;")),
        new(
            "A process that slept for a session emits before it has heard of the group",
            Promise.Ownership,
            (Lane, "if (!epoch.IsProven)", "if (now < 0)")),
        new(
            "An outbox is never full",
            Promise.Limits,
            (Lane, "HasRoom => Filling.Count < limit.Outputs && Filling.Bytes < limit.Bytes;", "HasRoom => true;")),
    ];
}
