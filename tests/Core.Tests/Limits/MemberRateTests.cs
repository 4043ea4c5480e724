using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Metrics;
using StreamActors.Pipelines;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Sources;

namespace StreamActors.Core.Tests.Limits;

/// <summary>What the poll loop makes of a pipeline's rate.</summary>
public sealed class MemberRateTests
{
    private static readonly PartitionId A0 = new("a", 0);

    private readonly ManualTime time = new();
    private readonly ManualConsumer client = new() { CommitsSucceed = true };
    private readonly ManualSink sink = new() { SucceedsAtOnce = true };

    [Fact]
    public void A_member_reads_at_its_rate_and_does_not_ask_for_another_round_at_once()
    {
        var (member, host) = Join(perSecond: 100);
        Enumerable.Range(0, 10_000).ToList().ForEach(offset => client.Log.Enqueue(new PartitionOffset(A0, offset)));

        for (var round = 0; round < 100; round++)
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            member.Step(wait: false).ShouldBeFalse("the poll thread waits for tokens; it does not spin");
            time.RunTurns();
        }

        (10_000 - client.Log.Count).ShouldBeInRange(95, 125);

        host.Rate.PerSecond = 0;
        member.Step(wait: false).ShouldBeTrue();
        (10_000 - client.Log.Count).ShouldBeGreaterThan(1_000);
    }

    private (GroupMember Member, ShardHost Host) Join(int perSecond)
    {
        var builder = new PipelineBuilder("p") { MaxRecordsPerSecond = perSecond };
        builder.From("a", new Numbers()).To(new Target<int>("sink", static _ => "out", new Numbers()));
        var events = new RecordedEvents();
        var services = new EngineServices(time, new Random(1), time, events);
        var metrics = new PipelineMetrics(["a"], ["sink"]);
        var gate = new SinkGate("p", "sink", events, new Random(1));
        var definition = builder.Build();
        var host = new ShardHost(
            definition, [new OpenSink("sink", sink, gate, metrics.Sinks[0].Counters)], metrics, services);
        host.Rate.PerSecond = perSecond;
        client.Committed[A0] = 0;
        var member = new GroupMember(definition, host, metrics, new ManualSource(client), services);
        member.Assigned([A0]);
        return (member, host);
    }

    private sealed class ManualSource(IGroupConsumer client) : ISource
    {
        public string Name => "manual";

        public Task PrepareAsync(
            string pipeline, IReadOnlyList<TopicSpec> topics, IEngineEvents events, CancellationToken stop) =>
            Task.CompletedTask;

        public IGroupConsumer Open(GroupSpec group, IGroupEvents members, IEngineEvents events) => client;

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);
    }
}
