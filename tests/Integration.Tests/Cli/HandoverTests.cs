using StreamActors.Node.Bench;
using StreamActors.Node.Chaos;

namespace StreamActors.Tests.Cli;

/// <summary>What <c>bench handover</c> reads from the outputs.</summary>
public sealed class HandoverTests
{
    private const int Keys = 8;

    private readonly History history = new(Keys);

    [Fact]
    public void A_partition_that_another_node_goes_on_with_has_moved()
    {
        Come(key: 0, at: 900, "node-1.1", 1);
        Come(key: 0, at: 1_350, "node-2.1", 2);
        Come(key: 1, at: 990, "node-1.2", 1);
        Come(key: 1, at: 1_010, "node-1.2", 2);

        var measured = Handover.Measure(history, Keys, new Window(1_000, 2_000));

        measured.Moved.ShouldBe([TimeSpan.FromMilliseconds(450)]);
        measured.Stayed.ShouldContain(TimeSpan.FromMilliseconds(20));
    }

    [Fact]
    public void A_node_that_starts_its_shard_again_has_not_moved_it()
    {
        Come(key: 0, at: 900, "node-1.1", 1);
        Come(key: 0, at: 1_100, "node-1.2", 2);

        Handover.Measure(history, Keys, new Window(1_000, 2_000)).Moved.ShouldBeEmpty();
    }

    [Fact]
    public void Silence_that_begins_at_the_end_is_not_of_this_change()
    {
        Come(key: 0, at: 900, "node-1.1", 1);
        Come(key: 0, at: 1_990, "node-1.1", 2);
        Come(key: 0, at: 9_000, "node-2.1", 3);

        var measured = Handover.Measure(history, Keys, new Window(1_000, 2_000));

        measured.Moved.ShouldBeEmpty();
        measured.Stayed.Max().ShouldBe(TimeSpan.FromMilliseconds(1_090));
    }

    [Fact]
    public void Only_what_comes_again_in_the_window_is_a_duplicate()
    {
        Come(key: 0, at: 800, "node-1.1", 1);
        Come(key: 0, at: 900, "node-1.1", 1);
        Come(key: 0, at: 950, "node-1.1", 2);
        Come(key: 0, at: 1_100, "node-2.1", 2);
        Come(key: 0, at: 1_200, "node-2.1", 3);

        Handover.Measure(history, Keys, new Window(1_000, 2_000)).Duplicates.ShouldBe(1);
    }

    [Theory]
    [InlineData("--entities 10001", "--entities is \"10001\": it must be a whole number from 1 to 10000.")]
    [InlineData("--times 0", "--times is \"0\"")]
    [InlineData("--kafka nowhere", "--kafka is \"nowhere\"")]
    [InlineData("", "There is no Kafka to start. Name a distribution of Apache Kafka 4")]
    public async Task A_mistake_is_named_before_anything_starts(string arguments, string sentence)
    {
        var (code, _, errors) = await StreamActorsProcess.RunAsync($"bench handover {arguments}", ("KAFKA_HOME", ""));

        code.ShouldBe(2, errors);
        errors.ShouldContain(sentence);
    }

    private void Come(int key, long at, string owner, long sequence) => history.Add(
        new Proof(Feed.Chain.KeyOf(key), sequence, sequence, Fold: 0, owner, IsTimer: false), at);
}
