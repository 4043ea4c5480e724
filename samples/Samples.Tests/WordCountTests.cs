using WordCount;

namespace Samples.Tests;

public sealed class WordCountTests
{
    [Fact]
    public void The_occurrences_of_a_word_meet_whichever_partition_its_line_came_from()
    {
        using var test = PipelineTest.Of(Counter.Define).Partitions("lines", 4);
        test.Send("lines", "a", "to be, or not to be");
        test.Send("lines", "b", "To be");
        test.Read<Count>("counts").GroupBy(static count => count.Word)
            .Select(static word => (word.Key, word.Max(static count => count.Times)))
            .ShouldBe([("TO", 3), ("BE", 3), ("OR", 1), ("NOT", 1)], ignoreOrder: true);
    }

    [Fact]
    public void A_count_goes_on_after_a_hand_over()
    {
        using var test = PipelineTest.Of(Counter.Define);
        test.Send("lines", "a", "one two");
        test.Revoke();
        test.Send("lines", "a", "two");
        test.State<Seen>("TWO").Times.ShouldBe(2);
    }
}
