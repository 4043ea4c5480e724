using StreamActors;
using StreamActors.Kafka;

namespace WordCount;

public sealed record Count(string Word, long Times);

/// <summary>How often a word was seen: a struct, kept aside for each call by a plain copy.</summary>
[StateVersion(1)]
public record struct Seen(long Times);

/// <summary>
/// Lines become words, and words go by an internal topic to the shard that counts them: whichever partition a line came
/// from, all of a word's occurrences meet.
/// </summary>
public sealed class Counter : IEntity<string, Seen, Count>
{
    public static void Define(PipelineBuilder pipeline) => pipeline
        .From("lines", Codec.Text)
        .CreateTopic(partitions: 4)
        .FlatMap(static line => Words(line))
        .Repartition("words", Codec.Text, key: static word => word, new() { Partitions = 4 })
        .Entity<Counter, Seen, Count>()
        .To(Kafka.Topic("counts", Json.Of<Count>()).CreateTopic(partitions: 4));

    public void On(string word, ref Seen seen, Turn<Count> turn)
    {
        seen.Times++;
        turn.Emit(new Count(word, seen.Times));
    }

    private static string[] Words(string line) => line.ToUpperInvariant()
        .Split([' ', '\t', '.', ',', ';', ':', '!', '?', '"'], StringSplitOptions.RemoveEmptyEntries);
}
