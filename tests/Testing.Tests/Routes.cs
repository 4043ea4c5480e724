using StreamActors.Sinks;

namespace StreamActors.Testing.Tests;

/// <summary>Small pipelines, each for one thing that a test is about.</summary>
internal static class Routes
{
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    /// <summary>A pipeline whose state nothing keeps.</summary>
    public static Action<PipelineBuilder> Forgetting(Action<PipelineBuilder> define) => pipeline =>
    {
        define(pipeline);
        pipeline.Store = Store.None;
    };

    /// <summary>What comes in goes out, without a topic for dead letters.</summary>
    public static void Echo(PipelineBuilder pipeline) =>
        pipeline.From("in", Codec.Text).To(ToTopic("out"));

    /// <summary>The last text of each key, each second, to a channel that its first letter names.</summary>
    public static void Latest(PipelineBuilder pipeline) => pipeline.From("in", Codec.Text).Every(Window).Latest().To(
        new Target<string>("redis", static text => $"channel-{text[..1]}", Codec.Text));

    /// <summary>Two routes, the second of which reads what the first writes.</summary>
    public static void Chain(PipelineBuilder pipeline)
    {
        pipeline.From("first", Codec.Text).To(ToTopic("second"));
        pipeline.From("second", Codec.Text).FlatMap(static text => text.Split(' ')).To(ToTopic("third"));
    }

    /// <summary>Fails for a text that says so.</summary>
    public static void Fragile(PipelineBuilder pipeline) =>
        pipeline.From("in", Codec.Text).Map(static text => Check(text)).To(ToTopic("out")).DeadLetters("dlq");

    /// <summary>Writes to the topic that it reads.</summary>
    public static void Circle(PipelineBuilder pipeline) => pipeline.From("in", Codec.Text).To(ToTopic("in"));

    /// <summary>Drops what was seen within an hour.</summary>
    public static void Dedup(PipelineBuilder pipeline) => pipeline.From("in", Codec.Text)
        .DedupById(static text => text, TimeSpan.FromHours(1)).To(ToTopic("out"));

    public static Target<string> ToTopic(string topic) => new("kafka", topic, Codec.Text);

    private static string Check(string text) =>
        text == "bad" ? throw new InvalidOperationException("The text is bad.") : text;
}

/// <summary>The state of entities that need none, or a number.</summary>
[StateVersion(1)]
internal record struct Tally(int Count);
