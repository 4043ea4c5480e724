using StreamActors.Kafka;
using StreamActors.Node.Cli;
using StreamActors.Redis;
using StreamActors.Snapshots;
using StreamActors.Sources;

namespace StreamActors.Node.State;

/// <summary>What is to become of a shard's state.</summary>
/// <param name="Shard">The shard, as it was found.</param>
/// <param name="Import">What takes its place; null = it is deleted.</param>
internal sealed record ShardChange(StoredShard Shard, FileShard? Import);

/// <summary>
/// Changes the state of shards and moves the offsets of their group, in this order:
/// <code>
/// 1 nobody      the group has no member, or it is refused
/// 2 proof       what is committed is committed again: Kafka lets us, and has no member either
/// 3 claim       every shard: a process that owned one saves nothing any more; then 1 once more
/// 4 state       shard by shard, each at once: what is imported, or nothing
/// 5 offsets     all in one request, which Kafka refuses if the group has a member by now
/// </code>
/// State first, because it says where reading goes on. Ended between 4 and 5, at any shard: one that is not changed yet
/// goes on as before; one that has been imported reads from its own positions, whatever is committed; one that was
/// deleted finds its old commit with the mark that a store has state for it, and so stands still and says it
/// (<see cref="StateLoss"/>). None begins with offsets of one world and the state of the other unseen. The other way
/// round it would: a shard with its old state takes no notice of where its offsets were moved. All is done again by
/// the same command.
/// </summary>
/// <param name="group">The group.</param>
/// <param name="kafka">Its offsets.</param>
/// <param name="admin">Its state.</param>
/// <param name="shards">What is to become of its state.</param>
/// <param name="moves">What is to become of its offsets.</param>
internal sealed class GroupChange(
    string group,
    GroupView kafka,
    RedisStateAdmin admin,
    IReadOnlyList<ShardChange> shards,
    IReadOnlyList<OffsetMove> moves)
{
    private const int Attempts = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Does it all.</summary>
    /// <param name="say">Hears what is done.</param>
    /// <param name="stop">Ends it between two shards.</param>
    /// <exception cref="RefusedException">It is not done, or not to its end; the message says how far.</exception>
    public async Task RunAsync(Action<string> say, CancellationToken stop)
    {
        try
        {
            await RefuseMembersAsync(stop);
            await ProveAsync(stop);
        }
        catch (OperationCanceledException error)
        {
            throw new RefusedException("It was interrupted; nothing was changed.", error);
        }

        await ChangeStatesAsync(say, stop);
        await MoveOffsetsAsync(say);
    }

    /// <summary>Step 1.</summary>
    public async Task RefuseMembersAsync(CancellationToken stop)
    {
        if (Refusal(group, await kafka.MembersAsync(stop)) is { } why)
        {
            throw new RefusedException(why);
        }
    }

    /// <summary>Why nothing may be changed while these are members; null where none is.</summary>
    public static string? Refusal(string group, IReadOnlyList<KafkaGroupMember> members) => members.Count == 0
        ? null
        : $"The group {group} has {(members.Count == 1 ? "a member" : $"{members.Count} members")}: "
            + $"{string.Join(", ", members.Take(5).Select(static each => $"{each.ClientId} on {each.Host}"))}"
            + $"{(members.Count > 5 ? ", …" : "")}. Stop its nodes first; one that was killed is a member until its "
            + "session time-out.";

    /// <summary>Steps 3 and 4.</summary>
    public async Task ChangeStatesAsync(Action<string> say, CancellationToken stop)
    {
        var done = 0;
        try
        {
            var claimed = new List<(ShardChange Change, ClaimedShard Shard)>();
            foreach (var change in shards)
            {
                var shard = await TryAsync(() => admin.ClaimAsync(change.Shard, stop), stop);
                claimed.Add((change, shard ?? throw Taken(change.Shard, done)));
            }

            await RefuseMembersAsync(stop);
            foreach (var ((shard, import), held) in claimed)
            {
                // What has begun is ended: a stop comes between two shards.
                stop.ThrowIfCancellationRequested();
                var isDone = import?.ToSave(held.NextNumber) is { } save
                    ? await TryAsync(() => held.ReplaceAsync(save, CancellationToken.None), stop)
                    : await TryAsync(() => held.EmptyAsync(CancellationToken.None), stop);
                if (!isDone)
                {
                    throw Taken(shard, done);
                }

                done++;
                say($"{shard.Shard}: {(import is null ? "deleted" : "imported")}");
            }
        }
        catch (StateStoreException error)
        {
            throw new RefusedException($"{error.Message} {HowFar(done)} Run the same command again.", error);
        }
        catch (SnapshotException error)
        {
            throw new RefusedException($"{error.Message} {HowFar(done)}", error);
        }
        catch (OperationCanceledException error)
        {
            throw new RefusedException($"It was interrupted. {HowFar(done)} Run the same command again.", error);
        }
    }

    /// <summary>Step 5. It has no way back, and takes no stop.</summary>
    public async Task MoveOffsetsAsync(Action<string> say)
    {
        CommittedOffset[] wanted = [.. moves.Where(static move => move.Before != move.After).Select(m => m.After)];
        if (wanted.Length == 0)
        {
            return;
        }

        try
        {
            await kafka.CommitAsync(wanted, CancellationToken.None);
        }
        catch (SourceException error)
        {
            throw new RefusedException(
                $"The state is changed, and the offsets of the group {group} are not: {error.Message} Until they are, "
                + "a shard whose state was deleted stands still and says so, and one that was imported goes on from "
                + "its own positions. Stop the group's nodes and run the same command again.",
                error);
        }

        say($"{group}: the offsets of {Say.Of(wanted.Length, "partition")} are committed");
    }

    private async Task ProveAsync(CancellationToken stop)
    {
        CommittedOffset[] committed = [.. moves.Select(static move => move.Before).OfType<CommittedOffset>()];
        try
        {
            await kafka.CommitAsync(committed, stop);
        }
        catch (SourceException error)
        {
            throw new RefusedException(
                $"Kafka does not let this user commit for the group {group}, or it has a member by now; nothing was "
                + $"changed. {error.Message}",
                error);
        }
    }

    private RefusedException Taken(StoredShard shard, int done) => new(
        $"Another process has claimed the shard {shard.Shard} meanwhile: a node was started. {HowFar(done)} Stop the "
        + "group's nodes and run the same command again.");

    private string HowFar(int done) => done == 0 && shards.Count > 1
        ? "No shard was changed."
        : $"{done} of {shards.Count} shards are changed for certain, the offsets are not.";

    /// <summary>Each step may be asked for again while its outcome is unknown.</summary>
    private static async Task<T> TryAsync<T>(Func<Task<T>> ask, CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ask();
            }
            catch (StateStoreException) when (attempt < Attempts)
            {
                await Task.Delay(Pause, TimeProvider.System, stop);
            }
        }
    }
}
