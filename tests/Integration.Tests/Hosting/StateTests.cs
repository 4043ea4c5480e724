using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Redis;
using StreamActors.Tests.Fixtures;
using StreamActors.Tests.Kafka;
using StreamActors.Tests.RedisTests;

namespace StreamActors.Tests.Hosting;

/// <summary>State in a real Redis, in a host that a user owns: it outlives the host.</summary>
public sealed class StateTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [RedisFact]
    public async Task A_count_goes_on_in_the_next_host_and_the_log_says_where_it_is_kept()
    {
        await using var stage = await Stage.SetAsync();
        await stage.RunAsync(records: 3, heard: ["1", "2", "3"]);

        await stage.RunAsync(records: 1, heard: ["1", "2", "3", "4"]);

        stage.Lines.ShouldContain("counts: keeps its state in redis");
        stage.Lines.ShouldAllBe(static line => !line.Contains("forgot"));
    }

    [RedisFact]
    public async Task Without_a_store_the_next_host_begins_anew_and_the_log_says_so()
    {
        await using var stage = await Stage.SetAsync(("StreamActors:Pipelines:counts:Store", "none"));
        await stage.RunAsync(records: 2, heard: ["1", "2"]);

        await stage.RunAsync(records: 1, heard: ["1", "2", "1"]);

        stage.Lines.ShouldContain(
            "counts: keeps its state in memory alone: a restart, a crash and a hand-over forget it");
    }

    [RedisFact]
    public async Task A_shard_that_another_process_has_claimed_publishes_nothing_until_it_has_claimed_it_again()
    {
        // Saves are rare here: it is the delivery that meets the other's claim.
        await using var stage = await Stage.SetAsync(("StreamActors:Pipelines:counts:Timing:CommitInterval", "1h"));
        await using var host = stage.Build();
        await host.StartAsync();
        await stage.SendAsync(1, ["1"]);
        await using var store = new RedisStateStore(
            new RedisOptions { Host = "127.0.0.1", Port = stage.Redis.Port }, TimeProvider.System);
        var claim = await store.ClaimAsync("counts/entity Counter/0", 1_000_000, force: false, CancellationToken.None);
        claim.State.ShouldNotBeNull();

        // The group knows of no other member: a commit proves that, and the record is counted once.
        await stage.SendAsync(1, ["1", "2"]);

        stage.Lines.ShouldContain(static line =>
            line.Contains("Another process has claimed the shard counts/entity Counter/0."));
        await host.StopAsync();
    }

    [RedisFact]
    public async Task A_store_that_was_emptied_while_no_node_ran_stops_the_shard_with_the_ways_out()
    {
        await using var stage = await Stage.SetAsync();
        await stage.RunAsync(records: 2, heard: ["1", "2"]);
        await stage.Redis.CliAsync("FLUSHALL");
        await using (var host = stage.Build())
        {
            await host.StartAsync();
            await stage.SaysAsync("words/0 stands still: The store has nothing of the shard counts/entity Counter/0 "
                + "any more, and what was committed of it stands for state that was saved: the store was emptied, or "
                + "it is another one. Its partitions wait until somebody has decided: put back what streamactors "
                + "state export, or ");
            await host.StopAsync();
        }

        await stage.RunAsync(
            records: 1, heard: ["1", "2", "1"], ("StreamActors:Pipelines:counts:OnLostState", "Discard"));
        stage.Lines.ShouldContain("counts: counts/entity Counter/0 begins empty: its store has nothing of it any more, "
            + "and OnLostState is Discard");
    }

    [RedisFact]
    public async Task A_store_that_failed_over_to_one_that_lagged_rewinds_so_that_each_record_counts_once()
    {
        await using var stage = await Stage.SetAsync();
        await stage.RunAsync(records: 1, heard: ["1"]);
        var replica = await stage.LagAsync();
        await stage.RunAsync(records: 2, heard: ["1", "2", "3"]);
        await stage.FailOverAsync(replica);

        await stage.RunAsync(records: 1, heard: ["1", "2", "3", "2", "3", "4"]);

        stage.Lines.ShouldContain("counts: the store has lost state: words/0@3 is committed, and what it has ends at "
            + "1; reading goes back, and what 2 records emit comes again");
    }

    [RedisFact]
    public async Task A_snapshot_that_is_damaged_stops_the_shard_and_names_it()
    {
        await using var stage = await Stage.SetAsync();
        await stage.RunAsync(records: 2, heard: ["1", "2"]);
        await stage.Redis.CliAsync("HSET", "streamactors:{counts/entity Counter/0}:head", "head", "damaged");
        await using var host = stage.Build();
        await host.StartAsync();

        await stage.SaysAsync("words/0 stands still: The snapshot of the shard counts/entity Counter/0 is damaged: ");
        await host.StopAsync();
    }

    [RedisFact]
    public async Task State_of_another_release_stops_the_pipeline_for_good_and_the_other_release_goes_on()
    {
        await using var stage = await Stage.SetAsync();
        await stage.RunAsync(records: 2, heard: ["1", "2"]);
        const string Text = "streamactors:{counts}:fingerprint";
        var text = (await stage.Redis.CliAsync("GET", Text)).Trim();
        text.ShouldContain("{\"name\":\"Counter\",\"version\":1,");
        await stage.Redis.CliAsync("SET", Text, text.Replace("\"version\":1", "\"version\":2"));
        await using (var host = stage.Build())
        {
            await host.StartAsync();
            await stage.SaysAsync("stopped for good; the node is not ready: What redis keeps as the state of the group "
                + "counts is not this program's. The entity Counter has states of version 2 there, and this program "
                + "has version 1: it is an older release. Run one that has version 2.");
            await host.StopAsync();
        }

        await stage.Redis.CliAsync("SET", Text, text);
        await stage.RunAsync(records: 1, heard: ["1", "2", "3"]);
    }

    [Fact]
    public async Task A_store_that_is_not_connected_is_a_mistake_that_names_those_that_are()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection([new("StreamActors:Pipelines:counts:Store", "etcd")]);
        builder.AddStreamActors().AddKafka().AddRedis().AddPipeline("counts", Counter.Define);
        await using var host = builder.Build();

        (await Should.ThrowAsync<PipelineException>(() => host.StartAsync())).Message.ShouldContain(
            "The pipeline counts: Its store is etcd, which is not connected, or keeps no state: it can be auto, none, "
            + "redis.");
    }

    private sealed class Stage : IAsyncDisposable
    {
        private readonly EmbeddedBroker broker = new();
        private readonly (string, string)[] settings;
        private readonly List<string> before = [];
        private Subscriber? subscriber;
        private int sent;

        private Stage(RealRedis redis, (string, string)[] settings) => (Redis, this.settings) = (redis, settings);

        public RealRedis Redis { get; private set; }

        public ConcurrentQueue<string> Lines { get; } = [];

        public static async Task<Stage> SetAsync(params (string Name, string Value)[] settings)
        {
            var stage = new Stage(await RealRedis.StartAsync(), settings);
            stage.broker.CreateTopic("words", 1);
            stage.subscriber = await Subscriber.StartAsync(stage.Redis.Port, "counts");
            return stage;
        }

        public WebApplication Build(params (string Name, string Value)[] more)
        {
            var builder = WebApplication.CreateBuilder();
            builder.WebHost.UseUrls($"http://127.0.0.1:{Machine.FreePort()}");
            (string, string)[] all =
            [
                ("StreamActors:Kafka:BootstrapServers", broker.BootstrapServers),
                ("StreamActors:Kafka:Consumer:FetchMaxWait", "5ms"),
                ("StreamActors:Redis:Host", "127.0.0.1"),
                ("StreamActors:Redis:Port", $"{Redis.Port}"),
                .. settings,
                .. more,
            ];
            builder.Configuration.AddInMemoryCollection(
                all.Select(static each => KeyValuePair.Create(each.Item1, (string?)each.Item2)));
            builder.Logging.ClearProviders();
            builder.Logging.AddProvider(new LogLines(Lines));
            builder.AddStreamActors().AddKafka().AddRedis().AddPipeline("counts", Counter.Define);
            return builder.Build();
        }

        /// <summary>A host's whole life: it starts, handles some records, and stops.</summary>
        public async Task RunAsync(int records, string[] heard, params (string Name, string Value)[] more)
        {
            await using var host = Build(more);
            await host.StartAsync();
            await SendAsync(records, heard);
            await host.StopAsync();
        }

        public async Task SendAsync(int records, string[] heard)
        {
            Topics.Fill(broker.BootstrapServers, "words", 0, from: sent, count: records);
            sent += records;
            await Machine.UntilAsync("the counts are heard", Limit, () => Task.FromResult(Heard.Count >= heard.Length));
            Heard.ShouldBe(heard);
        }

        public Task SaysAsync(string text) => Machine.UntilAsync(
            $"the log says: {text}", Limit, () => Task.FromResult(Lines.Any(line => line.Contains(text))));

        /// <summary>A replica that hears nothing more from now on.</summary>
        public async Task<RealRedis> LagAsync()
        {
            var replica = await RealRedis.StartAsync();
            await replica.CliAsync("REPLICAOF", "127.0.0.1", $"{Redis.Port}");
            await Machine.UntilAsync("the replica has it all", Limit, async () =>
                (await Redis.CliAsync("WAIT", "1", "1000")).Trim() == "1"
                && (await replica.CliAsync("INFO", "replication")).Contains("master_link_status:up"));
            await replica.CliAsync("REPLICAOF", "NO", "ONE");
            return replica;
        }

        /// <summary>Another server takes the place of this one.</summary>
        public async Task FailOverAsync(RealRedis to)
        {
            before.AddRange(subscriber!.Heard.Select(static each => each.Text));
            subscriber.Dispose();
            await Redis.DisposeAsync();
            Redis = to;
            subscriber = await Subscriber.StartAsync(Redis.Port, "counts");
        }

        public async ValueTask DisposeAsync()
        {
            subscriber?.Dispose();
            await Redis.DisposeAsync();
            broker.Dispose();
        }

        private IReadOnlyList<string> Heard => [.. before, .. subscriber!.Heard.Select(static each => each.Text)];
    }

    [StateVersion(1)]
    private sealed class Count
    {
        public int Value { get; set; }
    }

    private sealed class Counter : IEntity<string, Count, string>
    {
        public static void Define(PipelineBuilder pipeline) => pipeline.From("words", new Text())
            .Entity<Counter, Count, string>().To(StreamActors.Redis.Redis.Publish("counts", new Text()));

        public void On(string record, ref Count state, Turn<string> turn) => turn.Emit($"{++state.Value}");
    }

    private sealed class Text : ICodec<string>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out string value, out Rejection rejection)
        {
            (value, rejection) = (Encoding.UTF8.GetString(bytes), default);
            return true;
        }

        public void Write(scoped in string value, IBufferWriter<byte> output) => Encoding.UTF8.GetBytes(value, output);
    }
}
