using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Limits;
using StreamActors.Records;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Stalls;

namespace StreamActors.Core.Tests.Stalls;

/// <summary>
/// Partitions that make no progress because of what their member waits for; and what is told of a stall, and when.
/// </summary>
public sealed class MemberStallTests
{
    private static readonly PartitionId A0 = new("a", 0);
    private static readonly PartitionId A1 = new("a", 1);
    private static readonly PartitionId B0 = new("b", 0);
    private static readonly PartitionId B1 = new("b", 1);

    [Fact]
    public void A_co_partition_that_is_not_here()
    {
        var one = Make(("a", "pair"), ("b", "pair"));
        one.Member.Assigned([A0]);
        one.Client.Ends[A0] = 5;
        Pass(one, 12);
        var stall = StallOf(one);
        stall.At.ShouldBe(new PartitionOffset(A0, 0));
        (stall.Obstacle.Reason, stall.Obstacle.Why)
            .ShouldBe((StallReason.CoPartition, "waiting for a co-partition: b/0"));
        (stall.Lag, stall.IsHeld).ShouldBe((5, true));
        one.Member.Assigned([B0]);
        Pass(one, 2);
        Stalls(one).ShouldBeEmpty();
    }

    [Fact]
    public void A_partition_without_records_waits_for_its_co_partition_and_is_no_stall()
    {
        var one = Make(("a", "pair"), ("b", "pair"));
        one.Member.Assigned([A0]);
        one.Client.Ends[A0] = 0;
        Pass(one, 30);
        Stalls(one).ShouldBeEmpty();
        one.Metrics.Partitions.ShouldHaveSingleItem().Why.ShouldBe("waiting for a co-partition: b/0");
    }

    [Fact]
    public void A_broker_that_does_not_say_where_to_start()
    {
        var one = Make(("a", "a"));
        one.Client.IsSilent = true;
        one.Member.Assigned([A0]);
        Pass(one, 12);
        var stall = StallOf(one);
        stall.At.ShouldBe(new PartitionOffset(A0, -1));
        stall.Obstacle.Reason.ShouldBe(StallReason.Start);
        stall.Obstacle.Why.ShouldContain("The broker did not answer.");
    }

    [Fact]
    public void A_shard_that_cannot_be_started_tells_when_it_is_tried_again()
    {
        var one = Make(("a", "a"));
        one.ThrowFor("a");
        one.Member.Assigned([A0]);
        one.Client.Ends[A0] = 5;
        Pass(one, 3);
        one.Step(TimeSpan.FromSeconds(8));
        var stall = StallOf(one);
        (stall.Obstacle.Reason, stall.Obstacle.Why).ShouldBe((StallReason.Start, "The handler cannot be made."));
        stall.Until.ShouldNotBeNull();
    }

    [Fact]
    public void A_saved_state_of_no_use_is_told_from_a_shard_that_cannot_be_started()
    {
        var one = Make(("a", "a"));
        one.ThrowFor("a", new SnapshotException("The store has nothing of it any more."));
        one.Member.Assigned([A0]);
        one.Client.Ends[A0] = 5;
        Pass(one, 3);
        one.Step(TimeSpan.FromSeconds(8));
        var stall = StallOf(one);
        stall.Obstacle.Reason.ShouldBe(StallReason.State);
        stall.Obstacle.Why.ShouldStartWith(
            "The store has nothing of it any more. Its partitions wait until somebody has decided: ");
        stall.Until.ShouldNotBeNull();
    }

    [Fact]
    public void A_commit_that_the_group_does_not_acknowledge()
    {
        var one = Make(("a", "a"));
        one.Sink.SucceedsAtOnce = true;
        one.Client.CommitsSucceed = false;
        one.Member.Assigned([A0]);
        one.Read(A0, 5);
        Pass(one, 20);
        Stalls(one).ShouldBeEmpty("a commit may take that long");
        Pass(one, 10);
        var stall = StallOf(one);
        stall.At.ShouldBe(new PartitionOffset(A0, 0));
        (stall.Obstacle.Reason, stall.Obstacle.Stage, stall.Obstacle.Why)
            .ShouldBe((StallReason.Commit, "p", "the commit fails: refused"));
        one.Client.CommitsSucceed = true;
        Pass(one, 7);
        Stalls(one).ShouldBeEmpty();
    }

    [Fact]
    public void A_turn_that_gets_no_thread_and_one_that_does_not_end_are_told_apart()
    {
        var one = Make(("a", "a"));
        one.Member.Assigned([A0]);
        one.Time.RunTurns();
        one.Put(A0, 0, 1);
        one.Client.Ends[A0] = 1;
        PassWithoutTurns(one, 12);
        StallOf(one).Obstacle.Reason.ShouldBe(StallReason.Turn);
        StallOf(one).Obstacle.Why.ShouldContain("gets no thread");

        Stall? within = null;
        one.Sink.Delivering = () =>
        {
            PassWithoutTurns(one, 12);
            within = StallOf(one);
        };
        one.Sink.SucceedsAtOnce = true;
        one.Time.RunTurns();
        within.ShouldNotBeNull().Obstacle.Why.ShouldContain("its turn does not end: user code");
        Pass(one, 2);
        Stalls(one).ShouldBeEmpty();
    }

    [Fact]
    public void A_log_that_grows_and_gives_nothing()
    {
        var one = Make(("a", "a"));
        one.Member.Assigned([A0]);
        one.Client.Ends[A0] = 1;
        Pass(one, 30);
        Stalls(one).ShouldBeEmpty("it may end in the marker of a transaction");
        for (var second = 0; second < 12; second++)
        {
            one.Client.Ends[A0]++;
            Pass(one, 1);
        }

        StallOf(one).Obstacle.Reason.ShouldBe(StallReason.Fetch);
        StallOf(one).Obstacle.Why.ShouldContain("a transaction is open");
        one.Rate.PerSecond = 10;
        Pass(one, 1);
        StallOf(one).Obstacle.Why.ShouldContain("10 records a second (MaxRecordsPerSecond)");
    }

    [Fact]
    public void Stalls_of_one_cause_are_one_report_when_they_begin_and_one_when_they_end_with_their_time()
    {
        var one = Make(("a", "a"));
        one.Member.Assigned([A0, A1]);
        one.Sink.ThrowAtOnce = new SinkException("refused");
        one.Read(A0, 2);
        one.Read(A1, 1);
        Pass(one, 30);
        var begun = one.Events.All.OfType<EngineEvent.StallBegan>().ShouldHaveSingleItem();
        begun.Stalls.Select(static stall => stall.At.Partition).ShouldBe([A0, A1], ignoreOrder: true);
        begun.Stalls[0].Obstacle.Why.ShouldBe("manual: refused");
        one.Events.All.OfType<EngineEvent.StallEnded>().ShouldBeEmpty();
        (one.Sink.ThrowAtOnce, one.Sink.SucceedsAtOnce) = (null, true);
        Pass(one, 4);
        var ended = one.Events.All.OfType<EngineEvent.StallEnded>().ToList();
        ended.SelectMany(static each => each.Stalls).Select(static stall => stall.At.Partition)
            .ShouldBe([A0, A1], ignoreOrder: true);
        ended[0].Stalls[0].For.ShouldBeGreaterThan(TimeSpan.FromSeconds(29));
        one.Events.All.OfType<EngineEvent.StallBegan>().Count().ShouldBe(1);
    }

    [Fact]
    public void A_partition_that_is_let_go_is_in_no_stall_any_more_and_its_hand_over_tells()
    {
        var one = Make(("a", "a"));
        one.Member.Assigned([A0]);
        one.Read(A0, 2);
        Pass(one, 12);
        StallOf(one).Obstacle.Reason.ShouldBe(StallReason.Sink);
        one.Member.Revoked([A0]);
        Stalls(one).ShouldBeEmpty();
        one.Events.All.OfType<EngineEvent.StallEnded>().ShouldBeEmpty();
        one.Events.All.OfType<EngineEvent.Revoked>().ShouldHaveSingleItem().WaitedFor.ShouldContain("manual");
    }

    private static OneMember Make(params (string Topic, string Entity)[] routes)
    {
        var one = new OneMember(new PipelineLimits(), routes);
        foreach (var partition in new[] { A0, A1, B0, B1 })
        {
            one.Client.Committed[partition] = 0;
        }

        return one;
    }

    private static void Pass(OneMember one, int seconds)
    {
        for (var looks = 2 * seconds; looks > 0; looks--)
        {
            one.Step(TimeSpan.FromMilliseconds(500));
        }
    }

    private static void PassWithoutTurns(OneMember one, int seconds)
    {
        for (var looks = 2 * seconds; looks > 0; looks--)
        {
            one.Time.Advance(TimeSpan.FromMilliseconds(500));
            one.Member.Step(wait: false);
        }
    }

    private static IReadOnlyList<Stall> Stalls(OneMember one) =>
        [.. one.Metrics.Partitions.Select(static each => each.Stall).OfType<Stall>()];

    private static Stall StallOf(OneMember one) => Stalls(one).ShouldHaveSingleItem();
}
