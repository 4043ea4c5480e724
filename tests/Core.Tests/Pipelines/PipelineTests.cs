using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Pipelines;

public sealed class PipelineTests
{
    private readonly RecordedEvents events = new();
    private readonly ManualSource source = new(new ManualConsumer());

    [Fact]
    public async Task Topics_of_one_entity_with_different_counts_stop_the_pipeline_before_it_joins()
    {
        (source.PartitionCounts["orders"], source.PartitionCounts["payments"]) = (8, 4);
        var pipeline = Define("book", "book");
        await pipeline.PrepareAsync(CancellationToken.None);
        var why = pipeline.Fatal.ShouldNotBeNull();
        string[] parts = ["orders (8 partitions)", "payments (4 partitions)", "entity book", ".Repartition("];
        foreach (var part in parts)
        {
            why.ShouldContain(part);
        }

        pipeline.Run(CancellationToken.None);
        pipeline.IsReady.ShouldBeFalse();
        source.Opened.ShouldBeNull("it has not joined");
        events.All.ShouldBe([new EngineEvent.PipelineFailed("p", pipeline.Fatal!)]);
    }

    [Theory]
    [InlineData("book", "book", 8)]
    [InlineData("book", "ledger", 4)]
    public async Task Equal_counts_and_topics_without_common_entities_are_fine(string first, string second, int count)
    {
        (source.PartitionCounts["orders"], source.PartitionCounts["payments"]) = (8, count);
        var pipeline = Define(first, second);
        await pipeline.PrepareAsync(CancellationToken.None);
        pipeline.Fatal.ShouldBeNull();
    }

    private Pipeline Define(string first, string second)
    {
        var builder = new PipelineBuilder("p");
        foreach (var (topic, entity) in new[] { ("orders", first), ("payments", second) })
        {
            builder.From(topic, new Numbers())
                .Entity<Passing, Nothing, int>(new EntityOptions<Nothing> { Name = entity })
                .To(new Target<int>("sink", static _ => "out", new Numbers()));
        }

        var time = new ManualTime();
        return new Pipeline(
            builder,
            source,
            new Dictionary<string, ISink> { ["sink"] = new ManualSink() },
            new EngineServices(time, new Random(1), time, events));
    }

    [StateVersion(1)]
    private struct Nothing;

    private sealed class Passing : IEntity<int, Nothing, int>
    {
        public void On(int record, ref Nothing state, Turn<int> turn) => turn.Emit(record);
    }
}
