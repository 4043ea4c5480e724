using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using StreamActors.Node;
using StreamActors.Node.State;
using StreamActors.Records;
using StreamActors.Redis;
using StreamActors.Snapshots;
using StreamActors.Tests.Fixtures;
using StreamActors.Tests.RedisTests;

namespace StreamActors.Tests.State;

/// <summary>Copies of shards, and what becomes of them when connections, owners and pieces go.</summary>
public sealed class StateCopyTests : IDisposable
{
    private const string Shard = "group/entity E/0";
    private const string Key = $"streamactors:{{{Shard}}}:";

    private readonly string folder = Directory.CreateTempSubdirectory("streamactors-copy-").FullName;

    private string FilePath => Path.Combine(folder, "copy");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [RedisFact]
    public async Task A_copy_that_is_put_back_is_what_it_was_a_copy_of()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var store = Open(redis);
        await SaveAsync(store, "old", keys: 3000);
        await using var admin = Admin(redis);
        using var file = await ExportAsync(admin);
        await SaveAsync(store, "new", keys: 10);

        (await (await ClaimAsync(admin)).ReplaceAsync(file.Shards[0].ToSave(9), default)).ShouldBeTrue();

        await VerifyAsync(store, "old", 3000);
        file.Shards[0].Keys.ShouldBe(3000);
        (await redis.CliAsync("--scan", "--pattern", "*:stage:*")).Trim().ShouldBe("");
    }

    [RedisFact]
    public async Task An_import_that_breaks_at_any_command_leaves_the_old_state_or_the_new_one()
    {
        await using var redis = await RealRedis.StartAsync();
        using var wire = new CountingRelay(redis.Port);
        await using var store = Open(redis);
        await SaveAsync(store, "new", keys: 1200);
        await using var admin = Admin(redis, wire.Port);
        using var file = await ExportAsync(admin);
        var (command, olds, news) = (0, 0, 0);
        for (var broke = true; broke; command++)
        {
            foreach (var answered in (bool[])[false, true])
            {
                await SaveAsync(store, "old", keys: 1000);
                var held = await ClaimAsync(admin);
                var end = wire.BreakAt(command, answered);
                try
                {
                    (await held.ReplaceAsync(file.Shards[0].ToSave(held.NextNumber), default)).ShouldBeTrue();
                }
                catch (StateStoreException)
                {
                    // What the operator sees, and runs the command again.
                }

                broke = end();
                var isNew = (await store.ClaimAsync(Shard, 1, false, default)).State!.Head.Span
                    .SequenceEqual(file.Shards[0].HeadBytes.Span);
                await VerifyAsync(store, isNew ? "new" : "old", isNew ? 1200 : 1000);
                (olds, news) = isNew ? (olds, news + 1) : (olds + 1, news);

                held = await ClaimAsync(admin);
                (await held.ReplaceAsync(file.Shards[0].ToSave(held.NextNumber), default)).ShouldBeTrue();
                await VerifyAsync(store, "new", 1200);
            }
        }

        command.ShouldBeGreaterThan(5);
        olds.ShouldBeGreaterThan(2);
        news.ShouldBeGreaterThan(2);
    }

    [RedisFact]
    public async Task A_deletion_that_breaks_at_any_command_is_done_by_doing_it_again_and_leaves_the_fence_alone()
    {
        await using var redis = await RealRedis.StartAsync();
        using var wire = new CountingRelay(redis.Port);
        await using var store = Open(redis);
        await using var admin = Admin(redis, wire.Port);
        for (var (command, broke) = (0, true); broke; command++)
        {
            await SaveAsync(store, "old", keys: 1000);
            var held = await ClaimAsync(admin);
            var end = wire.BreakAt(command, answered: false);
            try
            {
                (await held.EmptyAsync(default)).ShouldBeTrue();
            }
            catch (StateStoreException)
            {
                // What the operator sees, and runs the command again.
            }

            broke = end();
            (await (await ClaimAsync(admin)).EmptyAsync(default)).ShouldBeTrue();

            (await redis.CliAsync("--scan")).Trim().ShouldBe($"{Key}head");
            (await store.ClaimAsync(Shard, 1, false, default)).State!.Number.ShouldBe(0);
        }
    }

    [RedisFact]
    public async Task A_shard_whose_staged_piece_somebody_deleted_can_be_deleted_and_imported_over()
    {
        await using var redis = await RealRedis.StartAsync();
        using var wire = new CountingRelay(redis.Port);
        await using var store = Open(redis, wire.Port);
        await SaveAsync(store, "new", keys: 100);
        await using var admin = Admin(redis);
        using var file = await ExportAsync(admin);
        foreach (var imports in (bool[])[true, false])
        {
            var state = (await store.ClaimAsync(Shard, 1, false, default)).State!;
            var end = wire.BreakAt(3, answered: true);
            await Should.ThrowAsync<StateStoreException>(
                () => state.SaveAsync(SaveOf("old", 100, state.Number + 1), default));
            end().ShouldBeTrue();
            var staged = (await redis.CliAsync("--scan", "--pattern", "*:stage:*")).Trim().Split('\n');
            await redis.CliAsync(["DEL", .. staged]);
            await Should.ThrowAsync<RefusedException>(() => ExportAsync(admin));

            var held = await ClaimAsync(admin);
            (imports
                ? await held.ReplaceAsync(file.Shards[0].ToSave(held.NextNumber), default)
                : await held.EmptyAsync(default)).ShouldBeTrue();

            if (imports)
            {
                await VerifyAsync(store, "new", 100);
            }
            else
            {
                (await redis.CliAsync("--scan")).Trim().ShouldBe($"{Key}head");
            }
        }
    }

    [RedisFact]
    public async Task A_shard_that_a_node_has_claimed_meanwhile_is_left_as_it_is()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var store = Open(redis);
        await SaveAsync(store, "new", keys: 10);
        await using var admin = Admin(redis);
        using var file = await ExportAsync(admin);
        var stale = await admin.LookAsync(Shard, default);
        var held = await ClaimAsync(admin);
        await SaveAsync(store, "old", keys: 10);

        (await held.EmptyAsync(default)).ShouldBeFalse();
        (await held.ReplaceAsync(file.Shards[0].ToSave(held.NextNumber), default)).ShouldBeFalse();
        await VerifyAsync(store, "old", 10);
        await store.ClaimAsync(Shard, 2, false, default);
        (await admin.ClaimAsync(stale, default)).ShouldBeNull("a member of a later generation has it");
    }

    [RedisFact]
    public async Task An_export_beside_a_node_that_saves_is_of_one_save()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var store = Open(redis);
        await SaveAsync(store, "0", keys: 2000);
        await using var admin = Admin(redis);
        using var end = new CancellationTokenSource();
        var saves = Task.Run(async () =>
        {
            for (var save = 1; !end.IsCancellationRequested; save++)
            {
                await SaveAsync(store, save.ToString(CultureInfo.InvariantCulture), keys: 2000);
                await Task.Delay(40);
            }
        });
        var exported = 0;
        for (var attempt = 0; attempt < 20 && exported < 3; attempt++)
        {
            try
            {
                using var file = await ExportAsync(admin);
                ValuesOf(file.Shards[0]).Distinct().Count().ShouldBe(1);
                exported++;
            }
            catch (RefusedException error)
            {
                error.Message.ShouldContain("an export mixes no two saves");
            }
        }

        await end.CancelAsync();
        await saves;
        exported.ShouldBeGreaterThan(0);
    }

    private static RedisStateStore Open(RealRedis redis, int? port = null) =>
        new(SinkBench.Options(redis) with { Port = port ?? redis.Port }, TimeProvider.System);

    private static RedisStateAdmin Admin(RealRedis redis, int? port = null) =>
        new(SinkBench.Options(redis) with { Port = port ?? redis.Port }, TimeProvider.System);

    private static async Task<ClaimedShard> ClaimAsync(RedisStateAdmin admin)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return (await admin.ClaimAsync(await admin.LookAsync(Shard, default), default)).ShouldNotBeNull();
            }
            catch (StateStoreException) when (attempt < 50)
            {
                await Task.Delay(20);    // the connection was broken a moment ago
            }
        }
    }

    private async Task<StateFile> ExportAsync(RedisStateAdmin admin)
    {
        File.Delete(FilePath);
        await using (var writer = new StateFileWriter(FilePath))
        {
            await writer.BeginAsync(new FileFrame("group", DateTimeOffset.UtcNow, "test"), default);
            await new StateExport(admin, writer, TimeProvider.System).WriteAsync(Shard, static _ => { }, default);
            await writer.EndAsync(default);
        }

        return await StateFileReader.ReadAsync(FilePath, static (_, _) => { }, default);
    }

    /// <summary>A whole save: every key has this value, and so has the log.</summary>
    private static async Task SaveAsync(RedisStateStore store, string value, int keys)
    {
        var state = (await store.ClaimAsync(Shard, 1, false, default)).State.ShouldNotBeNull();
        (await state.SaveAsync(SaveOf(value, keys, state.Number + 1), default)).ShouldBe(SaveOutcome.Current);
    }

    private static ShardSave SaveOf(string value, int keys, long number)
    {
        var chunks = new StateChunkWriter();
        chunks.Begin("E");
        for (var key = 0; key < keys; key++)
            chunks.Put(Encoding.UTF8.GetBytes($"key {key}"), ValueOf(value));
        var log = LogOf(value);
        return new ShardSave
        {
            Number = number,
            IsWhole = true,
            Head = new ShardHead(1, [new PartitionOffset(new PartitionId("t", 0), 7)], [0])
            {
                Parts =
                [
                    new SavedPart("E", true, null, Encoding.UTF8.GetBytes(value)),
                    new SavedPart("l", false, new LogRange(100, 100 + log.Length), default),
                ],
            }.ToBytes(),
            Chunks = chunks.TakeAll(),
            Logs = [new LogWrite("l", 100, log)],
        };
    }

    private static byte[] ValueOf(string value) => Encoding.UTF8.GetBytes(value.PadLeft(400));

    private static byte[] LogOf(string value) =>
        [.. Enumerable.Repeat(Encoding.UTF8.GetBytes(value.PadLeft(10)), 30_000).SelectMany(static each => each)];

    private static async Task VerifyAsync(RedisStateStore store, string value, int keys)
    {
        var state = (await store.ClaimAsync(Shard, 1, false, default)).State.ShouldNotBeNull();
        var restored = await ShardRestore.ReadAsync(state, Shard, [], default);
        restored.Parts[0].Stored.Entries.Count.ShouldBe(keys);
        restored.Parts[0].Stored.Entries.All(entry => entry.Value.Span.SequenceEqual(ValueOf(value))).ShouldBeTrue();
        restored.Parts[1].Stored.Log.Span.SequenceEqual(LogOf(value)).ShouldBeTrue();
    }

    private static IEnumerable<string> ValuesOf(FileShard shard)
    {
        foreach (var chunk in shard.Chunks)
        {
            var (bytes, at) = (chunk.Bytes.ToArray(), 0);
            while (at < bytes.Length)
            {
                Next();
                yield return Next().Trim();
            }

            string Next()
            {
                var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
                at += sizeof(int) + length;
                return Encoding.UTF8.GetString(bytes, at - length, length);
            }
        }

        foreach (var log in shard.Logs)
        {
            yield return Encoding.UTF8.GetString(log.Bytes.Span[..10]).Trim();
        }
    }
}
