using System.Buffers;
using StreamActors.Limits;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Pipelines;

public sealed class PipelineBuilderTests
{
    [Fact]
    public void All_mistakes_are_named_at_once()
    {
        var builder = new PipelineBuilder("feed") { Limits = new PipelineLimits { OutboxRecords = 0 } };
        builder.From("a", new Bytes()).DeadLetters("a.dlq");
        builder.From("a", new Bytes()).Named("same").Every(TimeSpan.Zero).Latest().To(Target());
        builder.From("b", new Bytes()).Named("same").Every(TimeSpan.FromSeconds(1)).Sample(0).To(Target());
        var message = Should.Throw<PipelineException>(builder.Build).Message;
        foreach (var mistake in new[]
        {
            "Two routes read the topic a", "The route a leads nowhere", "2 routes have the name same",
            "it must last 1 ms", "samples 1 in 0", "OutboxRecords is 0",
        })
        {
            message.ShouldContain(mistake);
        }
    }

    [Fact]
    public void A_pipeline_needs_a_route() =>
        Should.Throw<PipelineException>(new PipelineBuilder("empty").Build).Message.ShouldContain("no route");

    [Fact]
    public void A_sound_pipeline_is_built()
    {
        var builder = new PipelineBuilder("feed");
        builder.From("a", new Bytes()).Every(TimeSpan.FromMilliseconds(100)).Latest().To(Target());
        builder.Build().Routes.Single().Connectors.ShouldBe(["redis"]);
    }

    private static Target<string> Target() => new("redis", static value => value, new Bytes());

    private sealed class Bytes : ICodec<string>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out string value, out Rejection rejection)
        {
            (value, rejection) = ("", default);
            return true;
        }

        public void Write(scoped in string value, IBufferWriter<byte> output)
        {
        }
    }
}
