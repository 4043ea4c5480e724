using System.Buffers;
using StreamActors.Limits;
using StreamActors.Retry;
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
    public void A_route_that_ends_twice_is_a_mistake_and_one_with_two_targets_is_not()
    {
        var builder = new PipelineBuilder("feed");
        builder.From("a", new Bytes()).To(Target(), Target());
        builder.Build().Routes.Count.ShouldBe(1);
        var again = builder.From("b", new Bytes());
        again.Every(TimeSpan.FromSeconds(1)).Latest().To(Target());
        again.To(Target());
        Should.Throw<PipelineException>(builder.Build).Message
            .ShouldContain("The route b ends twice, and would do only what the second says: end it once");
    }

    [Fact]
    public void Limits_and_times_out_of_range_are_named_with_their_value_and_range()
    {
        var builder = new PipelineBuilder("feed")
        {
            Limits = new PipelineLimits
            {
                UncommittedRecords = int.MaxValue,
                TimersPerShard = -1,
                WindowBytes = 1 << 30,
            },
            Timing = new PipelineTiming
            {
                DrainLimit = TimeSpan.Zero,
                CommitSpacing = TimeSpan.FromSeconds(-1),
                StopLimit = Timeout.InfiniteTimeSpan,
                StartLimit = TimeSpan.FromMinutes(4),
                Restart = new Backoff(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1)),
                CommitRecords = 0,
                RestartLimit = -1,
            },
        };
        builder.From("a", new Bytes()).To(Target());
        var message = Should.Throw<PipelineException>(builder.Build).Message;
        foreach (var mistake in new[]
        {
            "UncommittedRecords is 2147483647: it must be from 1 to 268435456.",
            "TimersPerShard is -1: it must be from 1 to 10000000.",
            "WindowBytes is 1073741824: it must be from 1 to 536870912.",
            "DrainLimit is 00:00:00: it must be from 00:00:00.0010000 to 00:01:00.",
            "CommitSpacing is -00:00:01: it must be from 00:00:00.0010000 to 01:00:00.",
            "StopLimit is -00:00:00.0010000: it must be", "StartLimit is 00:04:00: it must be",
            "Restart.Max is 00:00:01: it must be from 00:00:02 to 01:00:00.",
            "CommitRecords is 0: it must be 1 at least.", "RestartLimit is -1: it must be 0 at least.",
        })
        {
            message.ShouldContain(mistake);
        }
    }

    [Fact]
    public void The_limits_and_times_at_the_ends_of_their_ranges_are_built()
    {
        var builder = new PipelineBuilder("feed")
        {
            Limits = new PipelineLimits { UncommittedRecords = 268_435_456, DedupBytes = 1, BatchRecords = 1 },
            Timing = new PipelineTiming
            {
                CommitSpacing = TimeSpan.FromMilliseconds(1),
                PassivateAfter = TimeSpan.FromDays(1_000),
                Restart = new Backoff(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1)),
                CommitRecords = int.MaxValue,
                RestartLimit = 0,
            },
        };
        builder.From("a", new Bytes()).To(Target());
        Should.NotThrow(builder.Build);
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
