using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Retry;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Sources;

namespace StreamActors.Core.Tests.Pipelines;

public sealed class GroupMemberTests
{
    private static readonly PartitionId A0 = new("a", 0);
    private static readonly PartitionId A1 = new("a", 1);
    private static readonly PartitionId B0 = new("b", 0);
    private static readonly PartitionId C0 = new("c", 0);

    private readonly ManualTime time = new();
    private readonly ManualConsumer client = new() { CommitsSucceed = true };
    private readonly RecordedEvents events = new();
    private readonly ManualSink sink = new();
    private readonly HashSet<string> topicsWhoseHandlerThrows = [];

    [Fact]
    public void A_silent_broker_is_asked_one_question_a_round()
    {
        var member = Join();
        client.IsSilent = true;
        member.Assigned([A0, A1, B0, C0]).Select(static start => start.Offset).ShouldBe([-1, -1, -1, -1]);
        client.Questions.ShouldBe(1);
        for (var round = 1; round < 5; round++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            member.Step(wait: false);
            client.Questions.ShouldBe(1 + round);
        }

        client.IsSilent = false;
        time.Advance(TimeSpan.FromMinutes(1));
        member.Step(wait: false);
        client.Seeks.Select(static place => place.Partition).ShouldBe([A0, A1, B0, C0], ignoreOrder: true);
    }

    [Fact]
    public void A_handler_that_cannot_be_made_puts_off_its_own_topic_alone()
    {
        var member = Join();
        topicsWhoseHandlerThrows.Add("a");
        member.Assigned([A0, B0]);
        events.All.OfType<EngineEvent.StartFailed>().ShouldBeEmpty();
        events.All.OfType<EngineEvent.ShardRestarting>().ShouldHaveSingleItem().Shard.ShouldBe("a/0");
        client.Log.Enqueue(new PartitionOffset(B0, 0));
        member.Step(wait: false);
        client.Log.ShouldBeEmpty("the other topic is read");
    }

    [Fact]
    public void A_shard_that_fails_too_often_stops_the_pipeline()
    {
        var member = Join();
        topicsWhoseHandlerThrows.Add("a");
        member.Assigned([A0]);
        for (var failures = 1; failures <= 3; failures++)
        {
            member.Fatal.ShouldBeNull();
            time.Advance(TimeSpan.FromSeconds(31));
            member.Step(wait: false);
        }

        member.Fatal.ShouldNotBeNull().ShouldContain("a/0");
    }

    [Fact]
    public void A_topic_that_was_made_again_is_read_from_its_first_record_also_when_nothing_was_done()
    {
        var member = Join();
        member.Assigned([A0]);
        Read(member, A0, count: 100);
        member.OutOfRange(A0);
        client.LogBounds = (0, 5);
        member.Step(wait: false);
        client.Seeks.ShouldBeEmpty("what the old shard delivers ends first");
        sink.Deliveries[0].Done.SetResult();
        time.RunTurns();
        member.Step(wait: false);
        client.Seeks.ShouldHaveSingleItem().ShouldBe(new PartitionOffset(A0, 0));

        sink.Deliveries.Clear();
        Read(member, A0, count: 5);
        sink.Deliveries.Sum(static each => each.Values.Length).ShouldBe(5, "they are new, whatever their offsets");
    }

    [Fact]
    public void A_log_that_was_cut_in_front_goes_on_behind_the_gap_with_what_is_under_way()
    {
        var member = Join();
        member.Assigned([A0]);
        Read(member, A0, count: 10);
        member.OutOfRange(A0);
        client.LogBounds = (50, 60);
        member.Step(wait: false);
        client.Seeks.ShouldHaveSingleItem().ShouldBe(new PartitionOffset(A0, 50));
        sink.Deliveries[0].Done.SetResult();
        time.RunTurns();
        member.Revoked([A0]);
        client.Commits[^1].Offsets.ShouldBe([new PartitionOffset(A0, 10)]);
    }

    [Fact]
    public void The_last_commit_is_repeated_while_there_is_time_and_what_stays_open_is_said()
    {
        var member = Join();
        member.Assigned([A0]);
        Read(member, A0, count: 10);
        sink.Deliveries[0].Done.SetResult();
        client.CommitsSucceed = false;
        var before = client.Commits.Count;
        member.Revoked([A0]);
        (client.Commits.Count - before).ShouldBeGreaterThan(3);
        var revoked = events.All.OfType<EngineEvent.Revoked>().ShouldHaveSingleItem();
        (revoked.Undone, revoked.Uncommitted).ShouldBe((0, 10));
        revoked.WaitedFor.ShouldContain("commit");
        revoked.Drain.ShouldBeInRange(TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(1_000));
    }

    [Fact]
    public void A_stop_that_is_cut_counts_as_its_routes_do_and_says_each_reason_once()
    {
        var member = Join();
        member.Assigned([A0, B0]);
        Read(member, A0, count: 10);
        Read(member, B0, count: 5);
        member.Stop().ShouldBe(15);
        var revoked = events.All.OfType<EngineEvent.Revoked>().ShouldHaveSingleItem();
        (revoked.Undone, revoked.IsLeaving).ShouldBe((15, true));
        revoked.WaitedFor.ShouldBe("a/0, b/0 for an answer of manual");
    }

    private GroupMember Join()
    {
        var timing = new PipelineTiming
        {
            RestartLimit = 3,
            RestartWindow = TimeSpan.FromHours(1),
            Restart = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30)),
        };
        var builder = new PipelineBuilder("p") { Timing = timing };
        foreach (var topic in new[] { "a", "b", "c" })
        {
            client.Committed[new PartitionId(topic, 0)] = 0;
            builder.From(topic, new Numbers())
                .Entity<Passing, Nothing, int>(_ => MakeHandler(topic), new EntityOptions<Nothing> { Name = topic })
                .To(new Target<int>("sink", static _ => "out", new Numbers()));
        }

        client.Committed[A1] = 0;
        var services = new EngineServices(time, new Random(1), time, events);
        var metrics = new PipelineMetrics(["a", "b", "c"], ["sink"]);
        var gate = new SinkGate("p", "sink", events, new Random(1));
        var definition = builder.Build();
        var host = new ShardHost(
            definition, [new OpenSink("sink", sink, gate, metrics.Sinks[0].Counters)], metrics, services);
        return new GroupMember(definition, host, metrics, new ManualSource(client), services);
    }

    private Passing MakeHandler(string topic) => topicsWhoseHandlerThrows.Contains(topic)
        ? throw new InvalidOperationException("The handler cannot be made.")
        : new Passing();

    private void Read(GroupMember member, PartitionId partition, int count)
    {
        Enumerable.Range(0, count).ToList()
            .ForEach(offset => client.Log.Enqueue(new PartitionOffset(partition, offset)));
        member.Step(wait: false);
        client.Log.ShouldBeEmpty();
        time.RunTurns();
    }

    [StateVersion(1)]
    private struct Nothing;

    private sealed class Passing : IEntity<int, Nothing, int>
    {
        public void On(int record, ref Nothing state, Turn<int> turn) => turn.Emit(record);
    }

    private sealed class ManualSource(IGroupConsumer client) : ISource
    {
        public string Name => "manual";

        public Task<IReadOnlyDictionary<string, int>> PrepareAsync(
            string pipeline, IReadOnlyList<TopicSpec> topics, IEngineEvents events, CancellationToken stop) =>
            throw new NotSupportedException();

        public IGroupConsumer Open(GroupSpec group, IGroupEvents members, IEngineEvents events) => client;

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);
    }
}
