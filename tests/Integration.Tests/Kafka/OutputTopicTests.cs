using System.Collections.Concurrent;
using StreamActors.Events;
using StreamActors.Kafka;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Tests.Fixtures;
using Target = StreamActors.Sinks.Target<string>;
using To = StreamActors.Kafka.Kafka;

namespace StreamActors.Tests.Kafka;

/// <summary>The topics that a pipeline writes to, before it starts.</summary>
public sealed class OutputTopicTests : IEngineEvents
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<EngineEvent> events = new();
    private readonly string input = RealKafka.Name("in");
    private readonly string output = RealKafka.Name("out");

    private IEnumerable<string> Waits => events.OfType<EngineEvent.WaitingForSource>().Select(static each => each.Why);

    [Fact]
    public async Task A_missing_one_is_named_with_its_route_and_the_remedy_and_waited_for()
    {
        using var broker = new EmbeddedBroker();
        broker.CreateTopic(input, 2);
        using var source = new KafkaSource(broker.Options, TimeProvider.System);

        var prepares = PrepareAsync(source, "large orders", broker.Options, To.Topic(output, Codec.Text));
        await Machine.UntilAsync("it is told", Limit, () => Task.FromResult(!events.IsEmpty));
        Waits.ShouldHaveSingleItem().ShouldBe(
            $"The topic {output} does not exist: the route large orders writes to it. Create it, or let it be created: "
            + $"Kafka.Topic(\"{output}\", …).CreateTopic(partitions).");
        prepares.IsCompleted.ShouldBeFalse();

        broker.CreateTopic(output, 3);
        await prepares.WaitAsync(Limit);
        events.Count.ShouldBe(1);
    }

    [Fact]
    public async Task One_that_exists_is_left_as_it_is_and_one_that_is_computed_is_not_looked_for()
    {
        using var broker = new EmbeddedBroker();
        broker.CreateTopic(input, 2);
        broker.CreateTopic(output, 3);
        using var source = new KafkaSource(broker.Options, TimeProvider.System);

        await PrepareAsync(
            source,
            "orders",
            broker.Options,
            To.Topic(output, Codec.Text).CreateTopic(partitions: 8).When(static text => text != ""),
            new Target(To.Connector, static text => text, Codec.Text)).WaitAsync(Limit);

        events.ShouldBeEmpty();
        await HasAsync(broker.Options, output, 3);
    }

    [Fact]
    public async Task What_a_broker_without_CreateTopics_cannot_create_is_told_and_waited_for()
    {
        using var broker = new EmbeddedBroker();
        broker.CreateTopic(input, 2);
        using var source = new KafkaSource(broker.Options, TimeProvider.System);

        var prepares = PrepareAsync(source, "orders", broker.Options, To.Topic(output, Codec.Text).CreateTopic(8));
        await Machine.UntilAsync("it is told", Limit, () => Task.FromResult(!events.IsEmpty));
        Waits.ShouldHaveSingleItem().ShouldStartWith($"The topics {output} could not be created: ");

        broker.CreateTopic(output, 8);
        await prepares.WaitAsync(Limit);
    }

    [KafkaFact]
    public async Task One_that_a_target_creates_has_its_own_number_of_partitions_and_takes_what_is_emitted()
    {
        var kafka = await RealKafka.SharedAsync();
        var options = Topics.Options(kafka.Bootstrap);
        using var source = new KafkaSource(options, TimeProvider.System);
        await Topics.CreateAsync(kafka.Bootstrap, input, 2);

        var target = To.Topic(output, Codec.Text).CreateTopic(partitions: 5, replication: 1);
        await PrepareAsync(source, "orders", options, target).WaitAsync(Limit);

        events.ShouldHaveSingleItem().ShouldBeOfType<EngineEvent.TopicsCreated>().Topics.ShouldBe([output]);
        await HasAsync(options, output, 5);
        await PrepareAsync(source, "orders", options, target).WaitAsync(Limit);
        events.Count.ShouldBe(1, "the second start finds it");
    }

    /// <inheritdoc/>
    void IEngineEvents.Report(EngineEvent happened) => events.Enqueue(happened);

    private static async Task HasAsync(KafkaOptions options, string topic, int partitions)
    {
        using var admin = new KafkaAdmin(options);
        (await admin.DescribeAsync([topic], CancellationToken.None)).ShouldHaveSingleItem()
            .Partitions.ShouldBe(partitions);
    }

    private async Task PrepareAsync(
        KafkaSource source, string route, KafkaOptions options, params Target[] targets)
    {
        var builder = new PipelineBuilder("feed");
        builder.From(input, Codec.Text).Named(route).To(targets);
        await using var sink = new KafkaSink(options, "feed", this, TimeProvider.System);
        var services = new EngineServices(
            TimeProvider.System, new Random(1), new ThreadPoolScheduler(TimeProvider.System), this);
        var sinks = new Dictionary<string, ISink> { [To.Connector] = sink };
        await new Pipeline(builder, source, sinks, services).PrepareAsync(CancellationToken.None);
    }
}
