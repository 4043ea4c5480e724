using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Records;

namespace StreamActors.Core.Tests.Pipelines;

public sealed class GroupMemberTests
{
    private static readonly PartitionId A0 = new("a", 0);
    private static readonly PartitionId A1 = new("a", 1);
    private static readonly PartitionId B0 = new("b", 0);
    private static readonly PartitionId C0 = new("c", 0);

    private readonly OneMember one = new(("a", "a"), ("b", "b"), ("c", "c"));

    public GroupMemberTests()
    {
        foreach (var partition in new[] { A0, A1, B0, C0 })
        {
            one.Client.Committed[partition] = 0;
        }
    }

    [Fact]
    public void A_silent_broker_is_asked_one_question_a_round()
    {
        one.Client.IsSilent = true;
        one.Member.Assigned([A0, A1, B0, C0]).Select(static start => start.Offset).ShouldBe([-1, -1, -1, -1]);
        one.Client.Questions.ShouldBe(1);
        for (var round = 1; round < 5; round++)
        {
            one.Step(TimeSpan.FromMinutes(1));
            one.Client.Questions.ShouldBe(1 + round);
        }

        one.Client.IsSilent = false;
        one.Step(TimeSpan.FromMinutes(1));
        one.Client.Seeks.Select(static place => place.Partition).ShouldBe([A0, A1, B0, C0], ignoreOrder: true);
    }

    [Fact]
    public void A_handler_that_cannot_be_made_puts_off_its_own_topic_alone()
    {
        one.ThrowFor("a");
        one.Member.Assigned([A0, B0]);
        one.Events.All.OfType<EngineEvent.StartFailed>().ShouldBeEmpty();
        one.Events.All.OfType<EngineEvent.ShardRestarting>().ShouldHaveSingleItem().Shard.ShouldBe("a/0");
        one.Put(B0, 0, 1);
        one.Step();
        one.Client.Log(B0).ShouldBeEmpty("the other topic is read");
    }

    [Fact]
    public void A_shard_that_fails_too_often_stops_the_pipeline()
    {
        one.ThrowFor("a");
        one.Member.Assigned([A0]);
        for (var failures = 1; failures <= 3; failures++)
        {
            one.Member.Fatal.ShouldBeNull();
            one.Step(TimeSpan.FromSeconds(31));
        }

        one.Member.Fatal.ShouldNotBeNull().ShouldContain("a/0");
    }

    [Fact]
    public void A_topic_that_was_made_again_is_read_from_its_first_record_also_when_nothing_was_done()
    {
        one.Member.Assigned([A0]);
        one.Read(A0, 100);
        one.Member.OutOfRange(A0);
        one.Client.LogBounds = (0, 5);
        one.Step();
        one.Client.Seeks.ShouldBeEmpty("what the old shard delivers ends first");
        one.Acknowledge();
        one.Step();
        one.Client.Seeks.ShouldHaveSingleItem().ShouldBe(new PartitionOffset(A0, 0));

        one.Sink.Deliveries.Clear();
        one.Read(A0, 5);
        one.Sink.Deliveries.Sum(static each => each.Values.Length).ShouldBe(5, "they are new, whatever their offsets");
    }

    [Fact]
    public void A_log_that_was_cut_in_front_goes_on_behind_the_gap_with_what_is_under_way()
    {
        one.Member.Assigned([A0]);
        one.Read(A0, 10);
        one.Member.OutOfRange(A0);
        one.Client.LogBounds = (50, 60);
        one.Step();
        one.Client.Seeks.ShouldHaveSingleItem().ShouldBe(new PartitionOffset(A0, 50));
        one.Acknowledge();
        one.Member.Revoked([A0]);
        one.Client.Commits[^1].Offsets.ShouldBe([new PartitionOffset(A0, 10)]);
    }

    [Fact]
    public void The_last_commit_is_repeated_while_there_is_time_and_what_stays_open_is_said()
    {
        one.Member.Assigned([A0]);
        one.Read(A0, 10);
        one.Sink.Deliveries[0].Done.SetResult();
        one.Client.CommitsSucceed = false;
        var before = one.Client.Commits.Count;
        one.Member.Revoked([A0]);
        (one.Client.Commits.Count - before).ShouldBeGreaterThan(3);
        var revoked = one.Events.All.OfType<EngineEvent.Revoked>().ShouldHaveSingleItem();
        (revoked.Undone, revoked.Uncommitted).ShouldBe((0, 10));
        revoked.WaitedFor.ShouldContain("commit");
        revoked.Drain.ShouldBeInRange(TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(1_000));
    }

    [Fact]
    public void A_stop_that_is_cut_counts_as_its_routes_do_and_says_each_reason_once()
    {
        one.Member.Assigned([A0, B0]);
        one.Read(A0, 10);
        one.Read(B0, 5);
        one.Member.Stop().ShouldBe(15);
        var revoked = one.Events.All.OfType<EngineEvent.Revoked>().ShouldHaveSingleItem();
        (revoked.Undone, revoked.IsLeaving).ShouldBe((15, true));
        revoked.WaitedFor.ShouldBe("a/0, b/0 for an answer of manual");
    }

    [Fact]
    public void What_a_hand_over_forgets_is_said_and_a_shard_that_remembers_nothing_says_nothing()
    {
        one.Member.Assigned([A0, B0]);
        one.Read(A0, 10);
        one.Acknowledge();
        one.Member.Revoked([A0]);
        one.Member.Revoked([B0]);
        one.Events.All.OfType<EngineEvent.Revoked>().Select(static each => each.Forgotten)
            .ShouldBe(["1 entity", ""]);
    }

    [Theory]
    [InlineData(12, 1, 40, "12 entities, 1 timer and 40 ids")]
    [InlineData(1, 0, 2, "1 entity and 2 ids")]
    [InlineData(0, 0, 0, "")]
    public void What_is_forgotten_is_said_in_numbers_and_what_there_is_none_of_is_left_out(
        long entities, long timers, long ids, string text) =>
        new StreamActors.Snapshots.Holding(entities, timers, ids).ToString().ShouldBe(text);
}
