using StreamActors.Redis;
using StreamActors.Snapshots;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RedisTests;

/// <summary>What is Redis's own about its store: how it refuses, forgets and is killed.</summary>
public sealed class RedisStateStoreTests
{
    private const string Head = "streamactors:{shard}:head";

    // What RedisFault names as the remedy.
    private const string Rights = "~streamactors:* +@read +@write +time +evalsha +script|load";

    [RedisFact]
    public async Task A_storm_of_killed_connections_leaves_every_save_whole()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var store = Open(redis);
        var (state, model, failures) = (await ClaimAsync(store), new ShardModel(), 0);
        using var end = new CancellationTokenSource();
        var storm = Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
                await redis.CliAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        });

        for (var i = 0; i < 60; i++)
        {
            for (var key = 0; key < 1000; key++)
                model.Put("p", $"{(i * 500) + key}", new byte[500]);
            model.Append("l", new byte[100_000]);
            var save = i % 20 == 19 ? model.SaveWhole() : model.Save();
            while (true)
            {
                try
                {
                    (await state.SaveAsync(save, default)).ShouldBe(SaveOutcome.Current);
                    break;
                }
                catch (StateStoreException)
                {
                    failures++;
                    await Task.Delay(5);
                }
            }
        }

        await end.CancelAsync();
        await storm;
        failures.ShouldBeGreaterThan(0);
        await model.VerifyClaimAsync(await ClaimAsync(store));
        (await redis.CliAsync("--scan", "--pattern", "*:stage:*")).Trim().ShouldBe("");
    }

    [RedisFact]
    public async Task What_is_published_does_not_expire_though_its_owner_dies_before_it_is_applied()
    {
        await using var redis = await RealRedis.StartAsync();
        using var wire = new CountingRelay(redis.Port);
        await using var store = Open(redis, wire.Port);
        var (state, model) = (await ClaimAsync(store), new ShardModel());
        await state.SaveAsync(model.Put("p", "k", "1").Save(), default);

        var end = wire.BreakAt(1, answered: true);
        var save = model.Put("p", "k", "2").Save();
        await Should.ThrowAsync<StateStoreException>(() => state.SaveAsync(save, default));
        end().ShouldBeTrue();

        (await redis.CliAsync("HMGET", Head, "number", "applied")).ShouldBe("2\n0\n");
        (await redis.CliAsync("TTL", $"streamactors:{{shard}}:stage:{state.Token}-2:0")).ShouldBe("-1\n");
        (await redis.CliAsync("HGET", await PartAsync(redis), "k")).ShouldBe("1\n");
        await model.VerifyClaimAsync(await ClaimAsync(store));
    }

    [RedisFact]
    public async Task A_published_piece_that_somebody_deleted_is_told_and_claimed_by_nobody()
    {
        await using var redis = await RealRedis.StartAsync();
        using var wire = new CountingRelay(redis.Port);
        await using var store = Open(redis, wire.Port);
        var (state, model) = (await ClaimAsync(store), new ShardModel());
        await state.SaveAsync(model.Put("p", "k", "1").Save(), default);
        wire.BreakAt(1, answered: true);
        var save = model.Put("p", "k", "2").Save();
        await Should.ThrowAsync<StateStoreException>(() => state.SaveAsync(save, default));
        await redis.CliAsync("DEL", $"streamactors:{{shard}}:stage:{state.Token}-2:0");

        await Task.Delay(150);
        (await state.SaveAsync(save, default)).ShouldBe(SaveOutcome.Behind);
        var told = await Should.ThrowAsync<SnapshotException>(() => store.ClaimAsync("shard", 1, false, default));
        told.CanBeDiscarded.ShouldBeFalse();
        told.Message.ShouldContain($"{state.Token}-2");
        told.Message.ShouldContain("streamactors:");
    }

    [RedisFact]
    public async Task A_block_of_a_log_that_somebody_deleted_is_damage_and_not_an_outage()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var store = Open(redis);
        var (state, model) = (await ClaimAsync(store), new ShardModel());
        await state.SaveAsync(model.Append("l", new byte[600_000]).Save(), default);
        await redis.CliAsync("DEL", (await redis.CliAsync("--scan", "--pattern", "*:log:*:l:1")).Trim());

        var told = await Should.ThrowAsync<SnapshotException>(
            () => state.ReadLogAsync("l", 0, 600_000, CancellationToken.None));
        told.CanBeDiscarded.ShouldBeTrue();
        told.Message.ShouldBe("The snapshot of the shard shard is damaged: its log l lacks bytes between 262144 and "
            + "524288. Find who deletes keys that begin with streamactors:.");
    }

    [RedisFact]
    public async Task A_server_that_forgot_the_scripts_is_taught_again_unseen()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var store = Open(redis);
        var (state, model) = (await ClaimAsync(store), new ShardModel());
        for (var i = 0; i < 3; i++)
        {
            await redis.CliAsync("SCRIPT", "FLUSH");
            (await state.SaveAsync(model.Put("p", $"{i}", "v").Append("l", [1]).Save(), default))
                .ShouldBe(SaveOutcome.Current);
            await redis.CliAsync("SCRIPT", "FLUSH");
            await model.VerifyAsync(state);
        }
    }

    [RedisFact]
    public async Task A_full_memory_is_named_with_its_remedy_and_the_same_save_succeeds_once_there_is_room()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var store = Open(redis);
        var (state, model) = (await ClaimAsync(store), new ShardModel());
        await redis.CliAsync("CONFIG", "SET", "maxmemory", "1");
        var save = model.Put("p", "k", "v").Save();

        var told = await Should.ThrowAsync<StateStoreException>(() => state.SaveAsync(save, default));
        told.Message.ShouldContain(redis.Endpoint);
        told.Message.ShouldContain("maxmemory");

        await redis.CliAsync("CONFIG", "SET", "maxmemory", "0");
        (await state.SaveAsync(save, default)).ShouldBe(SaveOutcome.Current);
    }

    [RedisFact]
    public async Task A_server_that_evicts_is_refused_since_an_entity_would_come_back_empty()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var store = Open(redis);
        await redis.CliAsync("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
        await ClaimAsync(store);    // without a limit nothing is evicted

        await redis.CliAsync("CONFIG", "SET", "maxmemory", "100mb");
        var told = await Should.ThrowAsync<StateStoreException>(() => store.ClaimAsync("shard", 1, false, default));
        told.Message.ShouldContain("allkeys-lru");
        told.Message.ShouldContain("noeviction");

        await redis.CliAsync("CONFIG", "SET", "maxmemory-policy", "volatile-lru");
        await ClaimAsync(store);
    }

    [RedisFact]
    public async Task The_rights_that_the_remedy_names_suffice_and_fewer_are_told_without_the_password()
    {
        await using var redis = await RealRedis.StartAsync(new()
        {
            Users = [$"alice on >alices-secret {Rights}", "bob on >bobs-secret ~* +@read"],
        });
        await using var alices = new RedisStateStore(
            SinkBench.Options(redis) with { User = "alice", Password = "alices-secret" }, TimeProvider.System);
        await using var bobs = new RedisStateStore(
            SinkBench.Options(redis) with { User = "bob", Password = "bobs-secret" }, TimeProvider.System);
        var (state, model) = (await ClaimAsync(alices), new ShardModel());
        model.Put("p", "k", "v").Append("l", new byte[300_000]);
        (await state.SaveAsync(model.Save(), default)).ShouldBe(SaveOutcome.Current);
        (await state.SaveAsync(model.SaveWhole(), default)).ShouldBe(SaveOutcome.Current);
        model.Remove("p", "k").Trim("l", 299_999);
        (await state.SaveAsync(model.Save(), default)).ShouldBe(SaveOutcome.Current);
        await model.VerifyAsync(state);

        var told = await Should.ThrowAsync<StateStoreException>(() => bobs.ClaimAsync("shard", 1, false, default));
        told.Message.ShouldContain("NOPERM");
        foreach (var right in Rights.Split(' '))
            told.Message.ShouldContain(right);
        told.Message.ShouldNotContain("bobs-secret");
    }

    [RedisFact]
    public async Task A_replica_is_refused()
    {
        await using var primary = await RealRedis.StartAsync();
        await using var replica = await RealRedis.StartAsync();
        await replica.CliAsync("REPLICAOF", "127.0.0.1", $"{primary.Port}");
        await using var store = Open(replica);

        (await Should.ThrowAsync<StateStoreException>(() => store.ClaimAsync("shard", 1, false, default)))
            .Message.ShouldContain("replica");
        (await store.IsReachableAsync(default)).ShouldBeFalse();
    }

    [RedisFact]
    public async Task A_server_that_is_away_or_frozen_is_told_in_time_and_the_same_save_succeeds_once_it_is_back()
    {
        await using var redis = await RealRedis.StartAsync(new() { Durable = true });
        await redis.CliAsync("CONFIG", "SET", "appendfsync", "always");    // else a kill loses what it acknowledged
        await using var store = Open(redis);
        var (state, model) = (await ClaimAsync(store), new ShardModel());
        await redis.FreezeAsync();
        var save = model.Put("p", "k", "1").Save();

        (await Should.ThrowAsync<StateStoreException>(() => state.SaveAsync(save, default).WaitAsync(Limit)))
            .Message.ShouldContain("did not answer within 1 s");
        (await store.IsReachableAsync(default)).ShouldBeFalse();
        await redis.ThawAsync();
        (await AtLastAsync(() => state.SaveAsync(save, default))).ShouldBe(SaveOutcome.Current);

        await redis.KillAsync();
        save = model.Put("p", "k", "2").Save();
        await Should.ThrowAsync<StateStoreException>(() => state.SaveAsync(save, default).WaitAsync(Limit));
        (await Should.ThrowAsync<StateStoreException>(() => store.ClaimAsync("shard", 1, false, default)))
            .Message.ShouldContain(redis.Endpoint);
        await redis.StartAgainAsync();
        (await AtLastAsync(() => state.SaveAsync(save, default))).ShouldBe(SaveOutcome.Current);
        await model.VerifyClaimAsync(await ClaimAsync(store));
    }

    [RedisFact]
    public async Task State_of_another_format_is_refused_by_name_and_left_as_it_is()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var store = Open(redis);
        await ClaimAsync(store);
        await redis.CliAsync("HSET", Head, "format", "2");
        var before = await redis.CliAsync("HGETALL", Head);

        var told = await Should.ThrowAsync<SnapshotException>(() => store.ClaimAsync("shard", 9, true, default));
        told.CanBeDiscarded.ShouldBeFalse();
        told.Message.ShouldContain(Head);
        told.Message.ShouldContain("format 2");
        (await redis.CliAsync("HGETALL", Head)).ShouldBe(before);
    }

    [RedisFact]
    public async Task The_head_tells_people_who_owns_the_shard_since_when_and_when_it_was_saved()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var store = Open(redis);
        var state = await ClaimAsync(store);
        await state.SaveAsync(new ShardModel().Put("p", "k", "v").Save(), default);

        var told = (await redis.CliAsync("HMGET", Head, "owner", "generation", "claimed", "saved")).Split('\n');
        told[0].ShouldBe($"{Environment.MachineName}/{Environment.ProcessId}");
        told[1].ShouldBe("1");
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        told[2..4].ShouldAllBe(time => Math.Abs(now - long.Parse(time)) < 60);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a{b")]
    [InlineData("a}b")]
    public async Task A_name_that_would_split_a_shards_keys_over_a_cluster_is_refused(string shard)
    {
        await using var store = new RedisStateStore(new RedisOptions(), TimeProvider.System);
        await Should.ThrowAsync<ArgumentException>(() => store.ClaimAsync(shard, 1, false, default));
    }

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    private static RedisStateStore Open(RealRedis redis, int? port = null) =>
        new(SinkBench.Options(redis) with { Port = port ?? redis.Port }, TimeProvider.System);

    private static async Task<IShardState> ClaimAsync(RedisStateStore store) =>
        (await AtLastAsync(() => store.ClaimAsync("shard", 1, force: false, default))).State.ShouldNotBeNull();

    private static async Task<string> PartAsync(RealRedis redis) =>
        $"streamactors:{{shard}}:part:{(await redis.CliAsync("HGET", Head, "base")).Trim()}:p";

    // As the engine does: again and again.
    private static async Task<T> AtLastAsync<T>(Func<Task<T>> ask)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await ask();
            }
            catch (StateStoreException) when (attempt < 100)
            {
                await Task.Delay(20);
            }
        }
    }
}
