using System.Text;
using StreamActors.Redis;
using StreamActors.Tests.Fixtures;
using Xunit.Abstractions;

namespace StreamActors.Tests.RedisTests;

/// <summary>What a subscriber of a healthy server hears.</summary>
public sealed class RedisSinkTests(ITestOutputHelper output)
{
    [RedisFact]
    public async Task Every_shards_outputs_are_heard_once_and_in_order_while_eight_deliver_at_once()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var redis = await RealRedis.SharedAsync();
        var prefix = Prefix();
        using var subscriber = await Subscriber.StartAsync(redis.Port, prefix);
        await using var bench = SinkBench.On(redis);

        var sent = await Task.WhenAll(Enumerable.Range(0, 8).Select(shard => Task.Run(() => RunShardAsync(shard))));

        var heard = await subscriber.UntilAsync(sent.Sum(messages => messages.Count));
        for (var shard = 0; shard < 8; shard++)
        {
            var ofShard = heard.Where(h => h.Text.StartsWith($"{shard}:", StringComparison.Ordinal))
                .Select(h => (h.Channel, h.Text));
            ofShard.ShouldBe(sent[shard]);
        }

        async Task<List<(string Channel, string Text)>> RunShardAsync(int shard)
        {
            var random = new Random(seed + shard);
            var all = new List<(string, string)>();
            for (var i = 0; i < 30; i++)
            {
                var next = Enumerable.Range(0, random.Next(1, 300))
                    .Select(n => ($"{prefix}{random.Next(20)}", $"{shard}:{i}:{n}:{new string('x', random.Next(100))}"))
                    .ToList();
                using var batch = SinkBench.Batch(
                    next.Select(o => (o.Item1, (byte[]?)Encoding.UTF8.GetBytes(o.Item2))));
                await bench.DeliverAsync(batch);
                all.AddRange(next);
            }

            return all;
        }
    }

    [RedisFact]
    public async Task Any_bytes_travel_and_a_tombstone_is_an_empty_message()
    {
        var redis = await RealRedis.SharedAsync();
        var prefix = Prefix();
        using var subscriber = await Subscriber.StartAsync(redis.Port, prefix);
        await using var bench = SinkBench.On(redis);
        var everyByte = Enumerable.Range(0, 256).Select(b => (byte)b).ToArray();
        (string, byte[]?)[] outputs =
        [
            (prefix + "bytes", everyByte), (prefix + "bytes", "\r\n$5\r\n"u8.ToArray()), (prefix + "empty", []),
            (prefix + "tombstone", null), (prefix + "são-paulo/東京/🚕", "ü"u8.ToArray()), (prefix, [0]),
        ];

        using var batch = SinkBench.Batch(outputs);
        await bench.DeliverAsync(batch);

        var heard = await subscriber.UntilAsync(outputs.Length);
        heard.Select(h => h.Channel).ShouldBe(outputs.Select(o => o.Item1));
        heard.Select(h => Convert.ToHexString(h.Message))
            .ShouldBe(outputs.Select(o => Convert.ToHexString(o.Item2 ?? [])));
    }

    [RedisFact]
    public async Task A_batch_larger_than_a_call_arrives_whole_and_in_order()
    {
        var redis = await RealRedis.SharedAsync();
        var prefix = Prefix();
        using var subscriber = await Subscriber.StartAsync(redis.Port, prefix);
        await using var bench = SinkBench.On(redis);
        var numbers = Enumerable.Range(0, 10_000).Select(n => $"{n}").ToList();

        using var many = SinkBench.Batch(prefix, numbers);
        await bench.DeliverAsync(many);

        (await subscriber.UntilAsync(10_000)).Select(h => h.Text).ShouldBe(numbers);
    }

    [RedisFact]
    public async Task Five_megabytes_in_large_messages_and_in_one_arrive()
    {
        var redis = await RealRedis.SharedAsync();
        var prefix = Prefix();
        using var subscriber = await Subscriber.StartAsync(redis.Port, prefix);
        await using var bench = SinkBench.On(redis);
        var messages = Enumerable.Range(0, 50).Select(n => new string((char)('a' + (n % 26)), 100_000)).ToList();
        messages.Add(new string('z', 5_000_000));

        using var batch = SinkBench.Batch(prefix, messages);
        await bench.DeliverAsync(batch);

        (await subscriber.UntilAsync(51)).Select(h => h.Text).SequenceEqual(messages).ShouldBeTrue();
    }

    [RedisFact]
    public async Task An_empty_batch_needs_no_server()
    {
        await using var bench = new SinkBench(new RedisOptions { Host = "127.0.0.1", Port = Machine.FreePort() });
        using var batch = SinkBench.Batch("any");
        await bench.DeliverAsync(batch);
    }

    [RedisFact]
    public async Task A_server_that_forgot_the_script_is_taught_again_unseen()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var bench = SinkBench.On(redis);
        using var batch = SinkBench.Batch("any", "x");
        await bench.DeliverAsync(batch);

        await redis.CliAsync("SCRIPT", "FLUSH");
        await bench.DeliverAsync(batch);

    }

    [RedisFact]
    public async Task A_database_is_selected()
    {
        await using var redis = await RealRedis.StartAsync();
        await using var bench = new SinkBench(SinkBench.Options(redis) with { Database = 3 });
        using var batch = SinkBench.Batch("any", "x");

        await bench.DeliverAsync(batch);

        (await redis.CliAsync("CLIENT", "LIST")).ShouldContain(" db=3 ");
    }

    [RedisFact]
    public async Task It_speaks_TLS_with_an_authority_of_its_own_and_says_what_is_wrong_with_another()
    {
        await using var redis = await RealRedis.StartAsync(new() { Tls = true });
        var plain = SinkBench.Options(redis) with { ConnectTimeout = TimeSpan.FromSeconds(2) };
        await using var trusting = new SinkBench(plain with { Tls = true, TlsCaFile = redis.CaFile });
        await using var strict = new SinkBench(plain with { Tls = true });
        await using var withoutFile = new SinkBench(plain with { Tls = true, TlsCaFile = "/nowhere.pem" });
        await using var without = new SinkBench(plain);

        using var batch = SinkBench.Batch("any", "x");
        await trusting.DeliverAsync(batch);

        (await strict.FailAsync(TimeSpan.FromSeconds(6))).ShouldContain("TLS failed");
        (await withoutFile.FailAsync(TimeSpan.FromSeconds(6))).ShouldContain("/nowhere.pem");
        (await without.FailAsync(TimeSpan.FromSeconds(6))).ShouldContain("TLS");
        (await trusting.Sink.IsReachableAsync(default)).ShouldBeTrue();
        (await strict.Sink.IsReachableAsync(default)).ShouldBeFalse();
    }

    [Fact]
    public void Options_say_all_that_is_wrong_at_once_and_never_show_the_password()
    {
        var bad = new RedisOptions { Host = "", Port = 0, Database = -1, User = "u", TlsCaFile = "ca.pem" };

        bad.Problems().Count.ShouldBe(5);
        new RedisOptions().Problems().ShouldBeEmpty();
        var secret = new RedisOptions { User = "alice", Password = "s3cret" };
        $"{secret}".ShouldContain("alice:***");
        $"{secret}".ShouldNotContain("s3cret");
    }

    [Fact]
    public void A_target_names_the_connector_its_channel_and_its_codec()
    {
        var perValue = StreamActors.Redis.Redis.Publish<string>(value => $"c:{value}", new NoCodec());
        var constant = StreamActors.Redis.Redis.Publish("all", new NoCodec());

        (perValue.Connector, perValue.Destination("7")).ShouldBe(("redis", "c:7"));
        constant.Destination("7").ShouldBe("all");
    }

    private static string Prefix() => $"t{Guid.NewGuid():N}:";

    private sealed class NoCodec : ICodec<string>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out string value, out Rejection rejection) =>
            throw new NotSupportedException();

        public void Write(scoped in string value, System.Buffers.IBufferWriter<byte> output) =>
            throw new NotSupportedException();
    }
}
