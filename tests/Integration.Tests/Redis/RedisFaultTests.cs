using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using StreamActors.Redis;
using StreamActors.Tests.Fixtures;
using Xunit.Abstractions;

namespace StreamActors.Tests.RedisTests;

/// <summary>Each way in which Redis fails, on a real server.</summary>
public sealed class RedisFaultTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // Time-outs here are a second at most; the rest is for a machine that has other things to do.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(4);

    [RedisFact]
    public async Task Absent_at_start_it_fails_fast_names_the_address_and_works_once_the_server_is_there()
    {
        await using var redis = await RealRedis.StartAsync();
        await redis.KillAsync();
        await using var bench = SinkBench.On(redis);

        var sentence = await bench.FailAsync(Soon);
        sentence.ShouldContain(redis.Endpoint);
        sentence.ShouldContain("refused");
        sentence.ShouldContain("REDIS_HOST");
        (await bench.Sink.IsReachableAsync(default)).ShouldBeFalse();

        await redis.StartAgainAsync();
        (await bench.RecoverAsync()).ShouldBeLessThan(Soon);
        (await bench.Sink.IsReachableAsync(default)).ShouldBeTrue();
    }

    [RedisFact]
    public async Task What_was_acknowledged_was_published_in_order_through_a_storm_of_killed_connections()
    {
        await using var redis = await RealRedis.StartAsync();
        using var subscriber = await Subscriber.StartAsync(redis.Port, "storm:");
        await using var bench = SinkBench.On(redis);
        using var end = new CancellationTokenSource();
        var flows = Enumerable.Range(0, 4)
            .Select(shard => Task.Run(() => FlowAsync(bench, $"storm:{shard}", end.Token)))
            .ToList();

        for (var i = 0; i < 100; i++)
        {
            await redis.CliAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
            await Task.Delay(i % 7);
        }

        await end.CancelAsync();
        var results = await Task.WhenAll(flows);
        output.WriteLine($"{results.Sum(r => r.Acknowledged)} acknowledged, {results.Sum(r => r.Failures)} failures");
        results.Sum(r => r.Failures).ShouldBeGreaterThan(0);
        using var mark = SinkBench.Batch("storm:end", "end");
        await bench.DeliverAtLastAsync(mark);
        await Machine.UntilAsync(
            "the end is heard", TimeSpan.FromSeconds(20),
            () => Task.FromResult(subscriber.Heard.Any(h => h.Channel == "storm:end")));
        for (var shard = 0; shard < 4; shard++)
            ShouldBeCompleteAndInOrder(FirstHeard(subscriber, $"storm:{shard}"), results[shard].Acknowledged);
    }

    [RedisFact]
    public async Task Killed_and_started_again_three_times_it_goes_on_each_time_and_skips_nothing()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var bench = SinkBench.On(redis);
        using var end = new CancellationTokenSource();
        var acknowledged = 0L;
        var flow = Task.Run(
            () => FlowAsync(bench, "kill:0", end.Token, upTo => Volatile.Write(ref acknowledged, upTo)));

        for (var round = 0; round < 3; round++)
        {
            using var subscriber = await Subscriber.StartAsync(redis.Port, "kill:");
            var from = Volatile.Read(ref acknowledged);
            await Machine.UntilAsync(
                "records flow", TimeSpan.FromSeconds(5),
                () => Task.FromResult(Volatile.Read(ref acknowledged) > from + 1000));
            var upTo = Volatile.Read(ref acknowledged);
            await Machine.UntilAsync(
                "what was acknowledged is heard", TimeSpan.FromSeconds(5),
                () => Task.FromResult(FirstHeard(subscriber, "kill:0").LastOrDefault() >= upTo - 1));

            // The batch that was under way when the subscriber came may have been heard in part.
            var heard = FirstHeard(subscriber, "kill:0");
            heard.ShouldBe(Range(heard[0], heard.Count));
            heard[0].ShouldBeLessThanOrEqualTo(from + BatchSize);
            await redis.KillAsync();
            await Task.Delay(200);
            await redis.StartAgainAsync();
        }

        (await bench.RecoverAsync()).ShouldBeLessThan(Soon);
        await end.CancelAsync();
        (await flow).Failures.ShouldBeGreaterThan(0);
    }

    [RedisFact]
    public async Task A_frozen_server_fails_the_delivery_within_the_time_out_and_works_once_it_thaws()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var bench = SinkBench.On(redis);
        await bench.RecoverAsync();

        await redis.FreezeAsync();
        (await bench.FailAsync(Soon)).ShouldContain("did not answer within 1 s");
        (await bench.FailAsync(Soon)).ShouldContain("did not answer within 0.5 s");
        var since = Stopwatch.StartNew();
        (await bench.Sink.IsReachableAsync(default)).ShouldBeFalse();
        since.Elapsed.ShouldBeLessThan(Soon);

        await redis.ThawAsync();
        (await bench.RecoverAsync()).ShouldBeLessThan(Soon);
    }

    [RedisFact]
    public Task A_batch_that_fills_the_sockets_of_a_frozen_server_fails_in_time_too() => FillFrozenAsync(tls: false);

    [RedisFact]
    public Task A_batch_that_fills_the_sockets_of_a_frozen_server_fails_in_time_over_TLS_too() =>
        FillFrozenAsync(tls: true);

    private static async Task FillFrozenAsync(bool tls)
    {
        await using var redis = await RealRedis.StartAsync(new() { Tls = tls });
        await using var bench = new SinkBench(
            SinkBench.Options(redis) with { Tls = tls, TlsCaFile = tls ? redis.CaFile : null });
        await bench.RecoverAsync();
        await redis.FreezeAsync();
        using var large = SinkBench.Batch("any", new string('x', 50_000_000));
        using var small = SinkBench.Batch("any", "x");

        var since = Stopwatch.StartNew();
        var both = new[] { bench.DeliverAsync(large), bench.DeliverAsync(small) };
        foreach (var delivery in both)
            await Should.ThrowAsync<StreamActors.Sinks.SinkException>(() => delivery);
        since.Elapsed.ShouldBeLessThan(Soon);

        await redis.ThawAsync();
        await bench.DeliverAtLastAsync(large).WaitAsync(60 * Second);
    }

    [RedisFact]
    public async Task A_command_that_was_cut_in_the_middle_by_a_caller_who_had_left_is_never_written_behind()
    {
        await using var redis = await RealRedis.StartAsync();
        using var subscriber = await Subscriber.StartAsync(redis.Port, "cut:");
        await using var bench = SinkBench.On(redis);
        await bench.RecoverAsync();
        using var stop = new CancellationTokenSource();
        using var large = SinkBench.Batch("cut:large", new string('x', 50_000_000));
        using var next = SinkBench.Batch("cut:next", "whole");
        await redis.FreezeAsync();

        var revoked = bench.Sink.DeliverAsync(large, stop.Token);
        await Task.Delay(200);
        revoked.IsCompleted.ShouldBeFalse();
        await stop.CancelAsync();
        await Should.ThrowAsync<Exception>(() => revoked);    // its outcome matters to nobody any more
        await redis.ThawAsync();

        // At the first attempt: no half command stands before it.
        await bench.DeliverAsync(next);
        (await subscriber.UntilAsync(1)).ShouldHaveSingleItem().Text.ShouldBe("whole");
    }

    [RedisFact]
    public async Task A_server_that_takes_a_second_is_waited_for()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var bench = new SinkBench(SinkBench.Options(redis) with { OperationTimeout = 5 * Second });
        await bench.RecoverAsync();
        using var batch = SinkBench.Batch("any", "x");

        await redis.PauseClientsAsync(Second);
        await bench.DeliverAsync(batch);

    }

    [RedisFact]
    public async Task A_stop_ends_the_wait_of_one_shard_and_leaves_the_connection_to_the_others()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var bench = new SinkBench(SinkBench.Options(redis) with { OperationTimeout = 5 * Second });
        await bench.RecoverAsync();
        using var stop = new CancellationTokenSource();
        using var batch = SinkBench.Batch("any", "x");
        using var other = SinkBench.Batch("any", "y");
        await redis.PauseClientsAsync(Second);

        var stopped = bench.Sink.DeliverAsync(batch, stop.Token);
        var kept = bench.DeliverAsync(other);
        await stop.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => stopped);
        kept.IsCompleted.ShouldBeFalse();
        await kept;
    }

    [RedisFact]
    public async Task A_wrong_password_is_named_as_such_and_works_once_it_is_the_right_one()
    {
        await using var redis = await RealRedis.StartAsync(new() { Password = "first-secret" });
        await using var none = SinkBench.On(redis);
        await using var wrong = new SinkBench(SinkBench.Options(redis) with { Password = "other-secret" });

        (await none.FailAsync(Soon)).ShouldContain("NOAUTH");
        var sentence = await wrong.FailAsync(Soon);
        sentence.ShouldContain("WRONGPASS");
        sentence.ShouldContain("REDIS_PASSWORD");
        sentence.ShouldContain(redis.Endpoint);
        sentence.ShouldNotContain("other-secret");
        (await wrong.Sink.IsReachableAsync(default)).ShouldBeFalse();

        await redis.CliAsync("ACL", "SETUSER", "default", ">other-secret");
        (await wrong.RecoverAsync()).ShouldBeLessThan(Soon);
    }

    [RedisFact]
    public async Task A_password_for_a_server_that_has_none_is_said_to_be_needless()
    {
        var redis = await RealRedis.SharedAsync();
        await using var bench = new SinkBench(SinkBench.Options(redis) with { Password = "needless-secret" });

        var sentence = await bench.FailAsync(Soon);
        sentence.ShouldContain("the server has none");
        sentence.ShouldNotContain("needless-secret");
    }

    [RedisFact]
    public async Task A_forbidden_channel_is_a_failure_to_retry_and_no_trouble_to_others()
    {
        await using var redis = await RealRedis.StartAsync(
            new() { Users = ["alice on >alices-secret resetchannels &open:* +publish +evalsha +script|load"] });
        await using var bench = new SinkBench(
            SinkBench.Options(redis) with { User = "alice", Password = "alices-secret" });

        await bench.RecoverAsync("open:1");
        var sentence = await bench.FailAsync(Soon, "closed:1");
        output.WriteLine(sentence);
        sentence.ShouldContain("NOPERM");
        sentence.ShouldContain("ACL SETUSER");
        sentence.ShouldNotContain("..");
        sentence.ShouldNotContain("alices-secret");
        await bench.RecoverAsync("open:1");

        await redis.CliAsync("ACL", "SETUSER", "alice", "&closed:*");
        await bench.RecoverAsync("closed:1");
    }

    [RedisFact]
    public async Task A_user_who_was_deleted_in_mid_flow_is_named_and_works_once_made_again()
    {
        await using var redis = await RealRedis.StartAsync(new() { Users = ["alice on >alices-secret &* +@all"] });
        await using var bench = new SinkBench(
            SinkBench.Options(redis) with { User = "alice", Password = "alices-secret" });
        await bench.RecoverAsync();

        await redis.CliAsync("ACL", "DELUSER", "alice");
        var sentence = await bench.FailAsync(Soon);
        if (sentence.Contains("closed the connection", StringComparison.Ordinal))
        {
            // The server ends the user's connections; a delivery that meets that end learns the reason at the next.
            sentence = await bench.FailAsync(Soon);
        }

        sentence.ShouldContain("REDIS_PASSWORD");
        await redis.CliAsync("ACL", "SETUSER", "alice", "on", ">alices-secret", "&*", "+@all");
        (await bench.RecoverAsync()).ShouldBeLessThan(Soon);
    }

    [RedisFact]
    public async Task A_replica_is_refused_since_subscribers_of_the_primary_would_hear_nothing()
    {
        await using var primary = await RealRedis.StartAsync();
        await using var replica = await RealRedis.StartAsync();
        await replica.CliAsync("REPLICAOF", "127.0.0.1", $"{primary.Port}");
        await using var bench = SinkBench.On(replica);

        (await bench.FailAsync(Soon)).ShouldContain("replica");

        await replica.CliAsync("REPLICAOF", "NO", "ONE");
        (await bench.RecoverAsync()).ShouldBeLessThan(Soon);
    }

    [RedisFact]
    public async Task A_server_that_turns_connections_away_is_quoted()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var bench = SinkBench.On(redis);
        await redis.CliAsync("CONFIG", "SET", "maxclients", "1");
        using var occupant = await Subscriber.StartAsync(redis.Port, "occupied:");

        (await bench.FailAsync(Soon)).ShouldContain("max number of clients");

        occupant.Dispose();
        (await bench.RecoverAsync()).ShouldBeLessThan(Soon);
    }

    [Fact]
    public async Task A_hundred_shards_make_one_attempt_to_connect()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var accepted = new ConcurrentQueue<Socket>();
        _ = Task.Run(async () =>
        {
            while (true)
                accepted.Enqueue(await silent.AcceptSocketAsync());
        });
        await using var bench = new SinkBench(new RedisOptions
        {
            Host = "127.0.0.1",
            Port = ((IPEndPoint)silent.LocalEndpoint).Port,
            ConnectTimeout = Second,
        });

        var sentences = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => bench.FailAsync(Soon)));

        accepted.Count.ShouldBe(1);
        sentences.ShouldAllBe(sentence => sentence.Contains("did not answer within 1 s"));
    }

    [Fact]
    public async Task A_server_that_is_loading_is_named_so_and_garbage_is_no_crash()
    {
        await AnsweredAsync("-LOADING Redis is loading the dataset in memory\r\n", "LOADING");
        await AnsweredAsync("-DENIED Redis is running in protected mode\r\n", "DENIED");
        await AnsweredAsync("HTTP/1.1 400 Bad Request\r\n\r\n", "not RESP");
        await AnsweredAsync("*99999999999\r\n", "not RESP");
        await AnsweredAsync("$2147483647\r\n", "not RESP");

        // The server speaks before it has looked at the login: that is no wrong password.
        await AnsweredAsync("-ERR max number of clients reached\r\n", "max number of clients", "secret");
        await AnsweredAsync("-DENIED Redis is running in protected mode\r\n", "DENIED", "secret");
        await AnsweredAsync("-LOADING Redis is loading the dataset in memory\r\n", "LOADING", "secret");
        await AnsweredAsync("-ERR unknown command 'AUTH', with args 'secret'\r\n", "login was refused", "secret");

        static async Task AnsweredAsync(string answer, string expected, string? password = null)
        {
            using var fake = new TcpListener(IPAddress.Loopback, 0);
            fake.Start();
            var serving = Task.Run(async () =>
            {
                using var client = await fake.AcceptTcpClientAsync();
                var stream = client.GetStream();
                await stream.ReadExactlyAsync(new byte[4]);
                await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(answer));
                await Task.Delay(300);
            });
            var port = ((IPEndPoint)fake.LocalEndpoint).Port;
            await using var bench = new SinkBench(
                new RedisOptions { Host = "127.0.0.1", Port = port, Password = password });
            var sentence = await bench.FailAsync(Soon);
            sentence.ShouldContain(expected);
            sentence.ShouldNotContain("secret");
            await serving;
        }
    }

    private const int BatchSize = 50;

    // Numbers from 0 on, a batch at a time, each retried until it is acknowledged.
    private static async Task<(long Acknowledged, int Failures)> FlowAsync(
        SinkBench bench, string channel, CancellationToken end, Action<long>? acknowledged = null)
    {
        var next = 0L;
        var failures = 0;
        while (!end.IsCancellationRequested)
        {
            using var batch = SinkBench.Batch(channel, Range(next, BatchSize).Select(n => $"{n}"));
            failures += await bench.DeliverAtLastAsync(batch);
            next += BatchSize;
            acknowledged?.Invoke(next);
        }

        return (next, failures);
    }

    private static void ShouldBeCompleteAndInOrder(IReadOnlyList<long> firstHeard, long acknowledged)
    {
        firstHeard.Count.ShouldBe((int)acknowledged);
        firstHeard.ShouldBe(Range(0, (int)acknowledged));
    }

    // The first appearance of each number: repetitions are allowed, an overtaking is not.
    private static List<long> FirstHeard(Subscriber subscriber, string channel) =>
    [
        .. subscriber.Heard.Where(h => h.Channel == channel)
            .Select(h => long.Parse(h.Text, CultureInfo.InvariantCulture)).Distinct(),
    ];

    private static IEnumerable<long> Range(long from, int count) =>
        Enumerable.Range(0, count).Select(n => from + n);
}
