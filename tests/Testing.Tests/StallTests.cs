using Microsoft.Extensions.DependencyInjection;
using StreamActors.Limits;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Testing.Tests;

/// <summary>
/// A partition that makes no progress says why: each cause that a pipeline can have by itself, in virtual time. Those
/// of its member are in Core.Tests.
/// </summary>
public sealed class StallTests
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public void A_call_that_does_not_end()
    {
        using var test = Calling((text, time, stop) => Later(text, TimeSpan.FromSeconds(30), time, stop));
        test.SendAll("in", [("k", "a"), ("l", "b")]);
        Pass(test, 9);
        Stalls(test).ShouldBeEmpty("it has not lasted");
        Pass(test, 3);
        var stall = StallOf(test);
        stall.At.ToString().ShouldBe("in/0@0");
        (stall.Obstacle.Reason, stall.Obstacle.Stage, stall.Obstacle.Key).ShouldBe((StallReason.Call, "Asking", "k"));
        stall.Obstacle.Why.ShouldBe("call 1 of Asking is under way");
        stall.For.ShouldBe(TimeSpan.FromSeconds(12), 2 * Look);
        (stall.Lag, stall.IsHeld).ShouldBe((2, false));
        (test.Time.GetUtcNow() - stall.Since).ShouldBe(stall.For);
        Pass(test, 20);
        Stalls(test).ShouldBeEmpty("it is done");
    }

    [Fact]
    public void A_call_that_is_made_again_tells_when_and_why()
    {
        using var test = Calling(
            static (_, _, _) => throw new HttpRequestException("Connection refused"),
            new() { Retry = Retry.On<HttpRequestException>(5, TimeSpan.FromSeconds(40)) with { Longest = Hour } });
        test.Send("in", "k", "a");
        test.Send("in", "k", "b");
        Pass(test, 12);
        var stall = StallOf(test);
        stall.Obstacle.Reason.ShouldBe(StallReason.Retry);
        stall.Obstacle.Why.ShouldBe(
            "waits for call 2 of Asking, because the one before failed: HttpRequestException: Connection refused");
        (stall.Until!.Value - stall.Since).ShouldBe(TimeSpan.FromSeconds(40), 2 * Look);
    }

    [Fact]
    public void A_call_that_gets_no_place_among_those_that_hang()
    {
        using var test = Calling(
            static (text, time, stop) => Later(text, Hour, time, stop), new() { MaxInFlight = 1, Timeout = Hour }, 2);
        test.Send("in", "k", "a", new SendOptions { Partition = 0 });
        test.Send("in", "l", "b", new SendOptions { Partition = 1 });
        Pass(test, 12);
        Stalls(test).Select(static stall => (stall.At.Partition.Number, stall.Obstacle.Reason)).Order()
            .ShouldBe([(0, StallReason.Call), (1, StallReason.CallPlace)]);
    }

    [Theory]
    [InlineData(true, "redis: redis is away, because the test said so.")]
    [InlineData(false, "redis has not answered a delivery yet")]
    public void A_sink_that_fails_or_does_not_answer(bool fails, string why)
    {
        using var test = PipelineTest.Of(Routes.Forgetting(Direct));
        (fails ? test.FailSink : (Action<string, int>)((sink, _) => test.HoldAcks(sink)))("redis", int.MaxValue);
        test.Send("in", "k", "a");
        Pass(test, 1);
        Why(test).ShouldBe(fails ? why : "", "health tells a failure at once");
        Pass(test, 11);
        var stall = StallOf(test);
        (stall.Obstacle.Reason, stall.Obstacle.Stage, stall.Obstacle.Key).ShouldBe((StallReason.Sink, "redis", "k"));
        stall.Obstacle.Why.ShouldBe(why);
        Why(test).ShouldBe(why);
        test.HealSink("redis");
        test.ReleaseAcks("redis");
        Pass(test, 2);
        Stalls(test).ShouldBeEmpty();
        Why(test).ShouldBeEmpty();
    }

    [Fact]
    public void A_dead_letter_topic_that_cannot_be_written()
    {
        using var test = PipelineTest.Of(Direct).AllowFailures();
        test.FailSink("kafka");
        test.Send("in", "k", "bad");
        test.Send("in", "k", "good");
        Pass(test, 12);
        var stall = StallOf(test);
        (stall.Obstacle.Reason, stall.Obstacle.Key).ShouldBe((StallReason.DeadLetters, "k"));
        stall.Obstacle.Why.ShouldStartWith("the dead-letter topic dlq is not written: kafka: kafka is away");
    }

    [Fact]
    public void A_long_window_without_a_store_is_on_the_page_and_no_trouble()
    {
        using var test = PipelineTest.Of(Routes.Forgetting(static pipeline => pipeline
            .From("in", Codec.Text).Every(TimeSpan.FromMinutes(1)).Latest().To(Routes.ToTopic("out"))));
        test.Send("in", "k", "a");
        Pass(test, 12);
        var stall = StallOf(test);
        (stall.Obstacle.Reason, stall.Obstacle.Stage, stall.Obstacle.Key).ShouldBe((StallReason.Window, "in", "k"));
        stall.Obstacle.Why.ShouldBe("held in a window of 00:01:00");
        stall.Until!.Value.ShouldBeGreaterThan(test.Time.GetUtcNow());
        Why(test).ShouldBeEmpty();
        Pass(test, 60);
        Stalls(test).ShouldBeEmpty();
    }

    [Fact]
    public void A_window_that_is_due_and_cannot_flush_names_the_sink()
    {
        using var test = PipelineTest.Of(Routes.Forgetting(static pipeline =>
        {
            pipeline.Limits = new() { OutboxRecords = 1 };
            Routes.Latest(pipeline);
        }));
        test.FailSink("redis");
        for (var key = 0; key < 5; key++)
        {
            test.Send("in", $"{key}", "a");
            Pass(test, 2);
        }

        Pass(test, 12);
        StallOf(test).Obstacle.Reason.ShouldBe(StallReason.Sink);
    }

    [Theory]
    [InlineData(false, "its state is being restored")]
    [InlineData(true, "memory: It is away.")]
    public void A_state_that_does_not_come(bool fails, string why)
    {
        using var test = PipelineTest.Of(Counts);
        test.Send("in", "k", "a");
        test.Restart();
        test.Around.Store.Before = call => call.Operation != StoreOperation.Claim ? default
            : fails ? throw new StateStoreException("It is away.")
            : new ValueTask(new TaskCompletionSource().Task);
        test.Restart();
        test.Send("in", "k", "b");
        Pass(test, 12);
        var stall = StallOf(test);
        stall.At.Offset.ShouldBe(1);
        var reason = fails ? StallReason.Store : StallReason.Restoring;
        (stall.Obstacle.Reason, stall.Obstacle.Stage, stall.Obstacle.Why).ShouldBe((reason, "memory", why));
        stall.IsHeld.ShouldBeTrue();
        Why(test).ShouldBe(why);
    }

    [Fact]
    public void A_save_that_the_store_does_not_take_once_a_commit_is_long_overdue()
    {
        using var test = PipelineTest.Of(Counts);
        test.Send("in", "k", "a");
        Pass(test, 10);
        test.Around.Store.Before = static call => call.Operation == StoreOperation.Save
            ? throw new StateStoreException("It is away.")
            : default;
        for (var second = 0; second < 30; second++)
        {
            test.Send("in", "k", "b");
            Pass(test, 1);
            Stalls(test).Count.ShouldBe(second < 25 ? 0 : 1, $"{second}");
        }

        var stall = StallOf(test);
        (stall.Obstacle.Reason, stall.Obstacle.Why).ShouldBe((StallReason.Store, "memory: It is away."));
        stall.At.Offset.ShouldBe(1);
        test.Around.Store.Before = null;
        Pass(test, 12);
        Stalls(test).ShouldBeEmpty();
    }

    [Fact]
    public void The_state_of_an_entity_that_does_not_come()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.Timing = new() { CommitInterval = Hour };
            Counts(pipeline);
        });
        test.Send("in", "k", "a");
        test.Restart();
        test.Send("in", "l", "a");    // the first cut is at once; the next an hour later
        test.Advance(TimeSpan.FromMinutes(12));
        test.HasState<Tally>("k").ShouldBeFalse();
        test.Around.Store.Before = static call => call.Operation == StoreOperation.Get
            ? new ValueTask(new TaskCompletionSource().Task)
            : default;
        test.Send("in", "k", "b");
        Pass(test, 12);
        var stall = StallOf(test);
        (stall.Obstacle.Reason, stall.Obstacle.Key).ShouldBe((StallReason.EntityState, "k"));
        stall.Obstacle.Why.ShouldBe("the state of its entity is being loaded");
    }

    [Fact]
    public void A_budget_of_parked_records_that_is_full_names_itself_where_a_snapshot_carries_them()
    {
        using var test = PipelineTest.Of(
            static pipeline =>
            {
                pipeline.Limits = new() { Parking = new ParkingLimits { Records = 2 } };
                pipeline.From("in", Codec.Text).MapAsync<Asking, string>(new() { Timeout = Hour })
                    .To(Routes.ToTopic("out"));
            },
            static services => services.AddSingleton<Func<string, TimeProvider, CancellationToken, ValueTask<string?>>>(
                static (text, time, stop) => Later(text, Hour, time, stop)));
        test.SendAll("in", [("k", "a"), ("l", "b"), ("m", "c")]);
        Pass(test, 20);
        var stall = StallOf(test);
        stall.At.Offset.ShouldBe(2, "the others are carried, and committed");
        (stall.Obstacle.Reason, stall.Obstacle.Stage).ShouldBe((StallReason.ParkingFull, "Asking"));
        stall.Obstacle.Why.ShouldStartWith("2 records with ");
    }

    [Fact]
    public void A_bound_of_uncommitted_records_below_what_a_commit_interval_brings()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.Limits = new() { UncommittedRecords = 2 };
            pipeline.Timing = new() { CommitInterval = TimeSpan.FromMinutes(1) };
            Counts(pipeline);
        });
        test.Send("in", "k", "a");
        Pass(test, 1);
        test.SendAll("in", [("k", "b"), ("k", "c"), ("k", "d"), ("k", "e")]);
        Pass(test, 12);
        var stall = StallOf(test);
        (stall.Obstacle.Reason, stall.IsHeld).ShouldBe((StallReason.Uncommitted, false));
        Pass(test, 60);
        Pass(test, 60);
        Stalls(test).ShouldBeEmpty();
    }

    [Fact]
    public void A_quiet_partition_and_one_that_goes_on_are_no_stalls()
    {
        using var test = PipelineTest.Of(Routes.Forgetting(Routes.Echo));
        for (var second = 0; second < 30; second++)
        {
            test.Send("in", "k", "a");
            Pass(test, 1);
            Stalls(test).ShouldBeEmpty();
        }

        Pass(test, 60);
        Stalls(test).ShouldBeEmpty();
    }

    private static PipelineTest Calling(
        Func<string, TimeProvider, CancellationToken, ValueTask<string?>> ask,
        MapAsyncOptions? options = null,
        int partitions = 1) => PipelineTest.Of(
            Routes.Forgetting(pipeline => pipeline.From("in", Codec.Text)
                .MapAsync<Asking, string>(options ?? new() { Timeout = Hour }).To(Routes.ToTopic("out"))),
            services => services.AddSingleton(ask),
            new PipelineTestOptions { Jitter = false, Partitions = partitions });

    private static void Counts(PipelineBuilder pipeline) =>
        pipeline.From("in", Codec.Text).Entity<Counting, Tally, string>().To(Routes.ToTopic("out"));

    private static void Direct(PipelineBuilder pipeline) => pipeline.From("in", Codec.Text)
        .Where(static text => text != "bad" ? true : throw new InvalidOperationException("The text is bad."))
        .To(new Sinks.Target<string>("redis", "channel", Codec.Text)).DeadLetters("dlq");

    private static async ValueTask<string?> Later(
        string text, TimeSpan time, TimeProvider clock, CancellationToken stop)
    {
        await Task.Delay(time, clock, stop);
        return text;
    }

    /// <summary>Time passes, and the poll loop looks twice a second, as in production.</summary>
    private static void Pass(PipelineTest test, int seconds)
    {
        for (var looks = 2 * seconds; looks > 0; looks--)
        {
            test.Advance(Look);
        }
    }

    private static IReadOnlyList<Stall> Stalls(PipelineTest test) =>
        [.. test.PartitionStates.Select(static each => each.Stall).OfType<Stall>()];

    private static Stall StallOf(PipelineTest test) => Stalls(test).ShouldHaveSingleItem();

    private static string Why(PipelineTest test) => test.PartitionStates.ShouldHaveSingleItem().Why;

    private sealed class Asking(
        Func<string, TimeProvider, CancellationToken, ValueTask<string?>> ask, TimeProvider time)
        : IAsyncMap<string, string>
    {
        public ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop) => ask(value, time, stop);
    }

    private sealed class Counting : IEntity<string, Tally, string>
    {
        public void On(string record, ref Tally state, Turn<string> turn) => turn.Emit($"{turn.Key} {++state.Count}");
    }
}
