namespace StreamActors.Testing.Tests;

public sealed class CoPartitionTests
{
    [Fact]
    public void Two_topics_that_feed_one_entity_meet_in_it_wherever_their_key_lies()
    {
        var options = new PipelineTestOptions { Partitions = 4 };
        using var test = PipelineTest.Of(Define, options: options);
        for (var number = 0; number < 20; number++)
        {
            test.Send("orders", $"k{number}", "order");
            test.Send("payments", $"k{number}", "7");
        }

        test.Read<string>("out").ShouldAllBe(static text => text == "2");
        test.State<Tally>("k0").Count.ShouldBe(2);
        test.Restart();
        test.State<Tally>("k19").Count.ShouldBe(2);
    }

    [Fact]
    public void Topics_of_one_entity_with_different_numbers_of_partitions_are_refused_by_name()
    {
        using var test = PipelineTest.Of(Define).Partitions("orders", 2);
        var message = Should.Throw<PipelineTestException>(() => test.Send("orders", "k", "order")).Message;
        message.ShouldStartWith("The pipeline cannot start. ");
        message.ShouldContain("orders");
        message.ShouldContain("payments");
    }

    [Fact]
    public void What_is_repartitioned_meets_under_its_new_key_and_keeps_its_time()
    {
        using var test = PipelineTest.Of(
            static pipeline => pipeline.From("in", Codec.Text)
                .Repartition(
                    "by-word", Codec.Text, static text => text, new RepartitionOptions { Partitions = 4 })
                .Entity<Counting, Tally, string>().To(Routes.ToTopic("out")),
            options: new PipelineTestOptions { Partitions = 4 });
        var time = test.Time.GetUtcNow().AddDays(-1);
        test.Send("in", "a", "word", new SendOptions { Timestamp = time, Partition = 0 });
        test.Send("in", "b", "word", new SendOptions { Timestamp = time, Partition = 1 });
        test.State<Tally>("word").Count.ShouldBe(2);
        var written = test.ReadRaw("test-by-word-repartition");
        written.Select(static each => (each.Key, each.Timestamp)).ShouldBe([("word", time), ("word", time)]);
        test.Path("in", "a").ShouldContain("→ test-by-word-repartition (kafka)");
    }

    private static void Define(PipelineBuilder pipeline)
    {
        pipeline.From("orders", Codec.Text).Entity<Orders, Tally, string>();
        pipeline.From("payments", Json.Of<int>()).Entity<Orders, Tally, string>().To(Routes.ToTopic("out"));
    }

    internal sealed class Orders : IEntity<string, Tally, string>, IEntity<int, Tally, string>
    {
        public void On(string record, ref Tally state, Turn<string> turn) => state.Count++;

        public void On(int record, ref Tally state, Turn<string> turn) => turn.Emit($"{++state.Count}");
    }

    internal sealed class Counting : IEntity<string, Tally, string>
    {
        public void On(string record, ref Tally state, Turn<string> turn) => state.Count++;
    }
}
