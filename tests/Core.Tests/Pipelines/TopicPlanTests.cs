using StreamActors.Pipelines;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Pipelines;

/// <summary>Which topics a pipeline needs before it starts, and how they are created.</summary>
public sealed class TopicPlanTests
{
    [Fact]
    public void What_is_written_to_is_needed_as_what_is_read()
    {
        var builder = new PipelineBuilder("feed");
        builder.From("orders", Codec.Text).CreateTopic(8, 3).DeadLetters("orders.dlq")
            .To(Topic("large").Created(4, 2).When(static text => text.Length > 3).Keyed(static text => text))
            .To(Topic("all"), Topic("all"), Computed(), new Target<string>("redis", "channel", Codec.Text));

        TopicPlan.Of(builder.Build().Routes).Select(static topic => topic with { Need = "", Remedy = "" }).ShouldBe(
            [new("orders", 8, 3), new("large", 4, 2), new("all", 0, 0), new("orders.dlq", 8, 3)]);
    }

    [Fact]
    public void A_topic_that_is_named_twice_is_created_where_one_place_says_so()
    {
        var builder = new PipelineBuilder("feed");
        builder.From("a", Codec.Text).DeadLetters("given-up").To(Topic("b"), Topic("out"));
        builder.From("b", Codec.Text).CreateTopic(4).DeadLetters("given-up").To(Topic("out").Created(2, 1));

        TopicPlan.Of(builder.Build().Routes).Select(static topic => (topic.Name, topic.Partitions)).ShouldBe(
            [("a", 0), ("b", 4), ("out", 2), ("given-up", 4)]);
    }

    [Fact]
    public void Who_needs_a_missing_topic_is_told_with_the_remedy()
    {
        var builder = new PipelineBuilder("feed");
        builder.From("orders", Codec.Text).Named("large orders").DeadLetters("orders.dlq").To(Topic("out"));

        TopicPlan.Of(builder.Build().Routes).Select(static topic => $"{topic.Need}. {topic.Remedy}").ShouldBe(
        [
            "the route large orders reads it. Create it, or let it be created: "
                + "From(\"orders\", …).CreateTopic(partitions)",
            "the route large orders writes to it. Create it, or let it be created: "
                + "Kafka.Topic(\"out\", …).CreateTopic(partitions)",
            "the route large orders writes its dead letters to it. Create it, or let it be created, as orders is then "
                + "too: CreateTopic(partitions) in the route",
        ]);
    }

    [Fact]
    public void What_cannot_be_created_is_a_mistake()
    {
        Mistakes(Computed().Created(1, 1)).ShouldContain(
            "The route orders says CreateTopic of a target whose topic is computed for each value: it is not known at "
            + "the start.");
        Mistakes(new Target<string>("redis", "channel", Codec.Text).Created(1, 1)).ShouldContain(
            "The route orders says CreateTopic of a target of redis, which has no topics: leave it out.");
        Mistakes(Topic("out").Created(0, 1)).ShouldContain(
            "The topic out is to be created with 0 partitions: it must be from 1 to 10000.");
        Mistakes(Topic("out").Created(1, 0)).ShouldContain(
            "The topic out is to be created with 0 replicas: it must be 1 at least, or -1 for as many as the brokers "
            + "make by default.");
        Mistakes(Topic("out").Created(1, 1), Topic("out").Created(2, 1)).ShouldContain(
            "The topic out is to be created in different ways: 1 partitions with 1 replicas and 2 partitions with 1 "
            + "replicas.");
        Mistakes(Topic("out").Created(2, 1), Topic("out").Created(2, 1)).ShouldBe("");
    }

    [Theory]
    [InlineData("", "\"\"")]
    [InlineData(".", "\".\"")]
    [InlineData("..", "\"..\"")]
    [InlineData("orders out", "\"orders out\"")]
    [InlineData("ordres-é", "\"ordres-é\"")]
    public void A_topic_that_Kafka_cannot_have_is_a_mistake_wherever_it_stands(string topic, string shown)
    {
        Mistakes(Topic(topic)).ShouldContain(
            $"The route orders writes to the topic {shown}, which Kafka cannot have: a name is 1 to 249 of ");
        var builder = new PipelineBuilder("feed");
        builder.From(topic, Codec.Text).Named("named").DeadLetters(topic).To(Topic("out"));
        var mistakes = builder.Mistakes();
        mistakes.ShouldContain(each => each.StartsWith($"The route named reads the topic {shown}, "));
        mistakes.ShouldContain(each =>
            each.StartsWith($"The route named writes its dead letters to the topic {shown}, "));
    }

    [Fact]
    public void The_longest_name_and_a_channel_of_another_connector_are_no_mistake()
    {
        Mistakes(Topic(new string('x', 249)), new Target<string>("redis", "a channel: 1", Codec.Text)).ShouldBe("");
        Mistakes(Topic(new string('x', 250))).ShouldContain("xxx… (250 letters)");
    }

    private static string Mistakes(params Target<string>[] targets)
    {
        var builder = new PipelineBuilder("feed");
        builder.From("orders", Codec.Text).To(targets);
        return string.Join(' ', builder.Mistakes());
    }

    private static Target<string> Topic(string name) => new("kafka", name, Codec.Text);

    private static Target<string> Computed() => new("kafka", static text => text, Codec.Text);
}
