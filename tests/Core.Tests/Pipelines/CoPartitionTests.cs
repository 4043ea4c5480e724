using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Records;

namespace StreamActors.Core.Tests.Pipelines;

/// <summary>Shards that several topics feed: a and b have their entities in common, c stands alone.</summary>
public sealed class CoPartitionTests
{
    private static readonly PartitionId A0 = new("a", 0);
    private static readonly PartitionId A1 = new("a", 1);
    private static readonly PartitionId B0 = new("b", 0);
    private static readonly PartitionId C0 = new("c", 0);

    private readonly OneMember one = Make(new PipelineLimits());

    [Fact]
    public void A_shard_starts_when_the_last_of_its_co_partitions_is_here()
    {
        one.Member.Assigned([A0, C0]).ShouldBe([new PartitionOffset(A0, 0), new PartitionOffset(C0, 0)]);
        one.Put(A0, 0, 5);
        one.Step();
        one.Client.Log(A0).Count.ShouldBe(5, "it is held");
        one.Member.IsReady.ShouldBeFalse();
        StatusOf(A0).ShouldBe((PartitionState.Starting, "waiting for a co-partition: b/0"));
        StatusOf(C0).ShouldBe((PartitionState.Running, ""), "a route without common entities binds nothing");

        one.Member.Assigned([B0]);
        one.Member.IsReady.ShouldBeTrue();
        one.Read(B0, 3);
        one.Client.Log(A0).ShouldBeEmpty();
        one.Client.Seeks.ShouldBeEmpty("the client stands where the shard starts");
    }

    [Fact]
    public void The_client_is_asked_for_co_partitions_where_a_group_of_routes_has_them_and_only_there()
    {
        one.Source.Opened!.CoPartitioned.ShouldBeTrue();
        new OneMember(("a", "a"), ("b", "b")).Source.Opened!.CoPartitioned.ShouldBeFalse();
    }

    [Fact]
    public void A_co_partition_that_goes_drains_its_shard_and_the_other_goes_on_where_it_was_when_it_is_back()
    {
        one.Member.Assigned([A0, B0]);
        one.Read(A0, 5);
        one.Read(B0, 3);
        one.Acknowledge();
        one.Member.Revoked([A0]);
        one.Client.Commits[^1].Offsets.ShouldBe([new(A0, 5), new(B0, 3)], ignoreOrder: true);
        var revoked = one.Events.All.OfType<EngineEvent.Revoked>().ShouldHaveSingleItem();
        revoked.Partitions.ShouldBe([A0]);
        (revoked.Undone, revoked.Uncommitted).ShouldBe((0, 0));

        one.Put(B0, 3, 2);
        one.Step(TimeSpan.FromSeconds(1));
        one.Client.Log(B0).Count.ShouldBe(2, "it is held");
        StatusOf(B0).ShouldBe((PartitionState.Starting, "waiting for a co-partition: a/0"));

        one.Client.Committed[A0] = 5;
        var questions = one.Client.Questions;
        one.Member.Assigned([A0]).ShouldBe([new PartitionOffset(A0, 5)]);
        one.Client.Seeks.ShouldBeEmpty("the client would refuse it inside its handler");
        one.Step();
        one.Client.Seeks.ShouldBe([new PartitionOffset(B0, 3)], "what its mailbox held is read again");
        one.Client.Questions.ShouldBe(questions + 1, "the one for a");
        one.Step();
        one.Client.Log(B0).ShouldBeEmpty();
    }

    [Fact]
    public void A_co_partition_that_is_lost_drops_its_shard_and_the_other_starts_again_at_what_is_done()
    {
        one.Member.Assigned([A0, B0]);
        one.Read(A0, 5);
        one.Acknowledge();
        one.Read(B0, 3);
        var commits = one.Client.Commits.Count;
        one.Member.Lost([A0]);
        one.Client.Commits.Count.ShouldBe(commits);
        one.Acknowledge();
        one.Member.Assigned([A0]);
        one.Step();
        one.Client.Seeks.ShouldBe([new PartitionOffset(B0, 0)]);
    }

    [Fact]
    public void What_a_cut_drain_left_under_way_ends_before_the_next_shard_starts()
    {
        one.Member.Assigned([A0, B0]);
        one.Read(B0, 3);
        one.Member.Revoked([A0]);
        one.Events.All.OfType<EngineEvent.Revoked>().ShouldHaveSingleItem().Undone.ShouldBe(3);
        one.Member.Assigned([A0]);
        one.Step();
        one.Client.Seeks.ShouldBeEmpty();
        one.Acknowledge();
        one.Step();
        one.Client.Seeks.ShouldBe([new PartitionOffset(B0, 0)]);
    }

    [Fact]
    public void A_shard_that_fails_starts_again_with_all_its_inputs_each_at_what_is_done()
    {
        one.Member.Assigned([A0, B0]);
        one.Read(A0, 5);
        one.Acknowledge();
        one.Sink.ThrowAtOnce = new NotSupportedException("a defect");
        one.Read(B0, 3);
        one.Sink.ThrowAtOnce = null;
        one.Step();
        one.Events.All.OfType<EngineEvent.ShardRestarting>().ShouldHaveSingleItem().Shard.ShouldBe("a/0+b/0");
        one.Step(TimeSpan.FromSeconds(2));
        one.Client.Seeks.ShouldBe([new PartitionOffset(A0, 5), new PartitionOffset(B0, 0)]);
    }

    [Fact]
    public void A_silent_broker_delays_its_own_shards_and_no_start_that_is_known_is_asked_for_again()
    {
        one.Member.Assigned([A0]);
        one.Client.IsSilent = true;
        one.Member.Assigned([B0]).ShouldBe([new PartitionOffset(B0, -1)]);
        one.Client.IsSilent = false;
        one.Step(TimeSpan.FromSeconds(2));
        one.Client.Questions.ShouldBe(3, "a, b in vain, b");
        one.Client.Seeks.ShouldBe([new PartitionOffset(B0, 0)]);
    }

    [Fact]
    public void A_log_that_was_cut_in_front_moves_its_own_input_alone()
    {
        one.Member.Assigned([A0, B0]);
        one.Read(A0, 5);
        one.Read(B0, 3);
        one.Client.LogBounds = (50, 60);
        one.Member.OutOfRange(A0);
        one.Step();
        one.Client.Seeks.ShouldBe([new PartitionOffset(A0, 50)]);
        one.Acknowledge();
        one.Member.Revoked([B0]);
        one.Client.Commits[^1].Offsets.ShouldBe([new(A0, 5), new(B0, 3)], ignoreOrder: true);
    }

    [Fact]
    public void A_topic_that_was_made_again_starts_its_co_partition_again_at_what_is_done()
    {
        one.Member.Assigned([A0, B0]);
        one.Read(A0, 5);
        one.Read(B0, 3);
        one.Acknowledge();
        one.Client.LogBounds = (0, 2);
        one.Member.OutOfRange(A0);
        one.Step();
        one.Step();
        one.Client.Seeks.ShouldBe([new PartitionOffset(A0, 0), new PartitionOffset(B0, 3)]);
        one.Put(A0, 0, 2);
        one.Sink.SucceedsAtOnce = true;
        one.Step();
        one.Member.Revoked([A0, B0]);
        one.Client.Commits[^1].Offsets.ShouldContain(new PartitionOffset(A0, 2), "the new log's offsets are lower");
    }

    [Fact]
    public void No_input_starves_another_while_the_shard_has_room_for_one_batch_a_round()
    {
        const int Batch = 4;
        var busy = Make(new PipelineLimits { MailboxRecords = Batch, BatchRecords = Batch });
        busy.Sink.SucceedsAtOnce = true;
        busy.Member.Assigned([A0, B0]);
        busy.Put(A0, 0, 60);
        busy.Put(B0, 60, 60);
        for (var round = 0; round < 10; round++)
        {
            busy.Step();
        }

        busy.Delivered.Count(static value => value < 60).ShouldBe(5 * Batch);
        busy.Delivered.Count(static value => value >= 60).ShouldBe(5 * Batch);
    }

    [Fact]
    public void A_co_partition_that_does_not_exist_is_said_once_with_the_remedy()
    {
        one.Member.Assigned([A0, B0, A1]);
        one.Step(TimeSpan.FromSeconds(9));
        one.Events.All.OfType<EngineEvent.CoPartitionMissing>().ShouldBeEmpty("it may be on its way");
        for (var round = 0; round < 3; round++)
        {
            one.Step(TimeSpan.FromSeconds(11));
        }

        var missing = one.Events.All.OfType<EngineEvent.CoPartitionMissing>().ShouldHaveSingleItem();
        missing.Held.ShouldBe([A1]);
        missing.Missing.ShouldBe([new PartitionId("b", 1)]);
        missing.Why.ShouldContain("do not exist: give all of a, b the same number of partitions");
        one.Put(A0, 0, 1);
        one.Step();
        one.Client.Log(A0).ShouldBeEmpty("the other shards go on");
    }

    [Fact]
    public void A_co_partition_that_the_group_keeps_elsewhere_is_told_apart()
    {
        one.Client.Committed[new PartitionId("b", 1)] = 0;
        one.Member.Assigned([A1]);
        one.Client.IsSilent = true;
        one.Step(TimeSpan.FromSeconds(11));
        one.Events.All.OfType<EngineEvent.CoPartitionMissing>().ShouldBeEmpty("nobody knows yet whether it exists");
        one.Client.IsSilent = false;
        one.Step(TimeSpan.FromSeconds(11));
        one.Events.All.OfType<EngineEvent.CoPartitionMissing>().ShouldHaveSingleItem()
            .Why.ShouldContain("has not given these to this member");
    }

    [Fact]
    public void A_partition_that_is_assigned_again_without_having_gone_ends_the_shard_that_it_had()
    {
        one.Member.Assigned([A0, B0]);
        one.Read(A0, 5);
        one.Member.Assigned([A0, B0]);
        one.Acknowledge();
        one.Member.Revoked([A0, B0]);
        one.Client.Commits.ShouldNotContain(static commit => commit.Offsets.Contains(new PartitionOffset(A0, 5)));
    }

    private static OneMember Make(PipelineLimits limits)
    {
        var made = new OneMember(limits, ("a", "pair"), ("b", "pair"), ("c", "alone"));
        foreach (var partition in new[] { A0, A1, B0, C0 })
        {
            made.Client.Committed[partition] = 0;
        }

        return made;
    }

    private (PartitionState State, string Why) StatusOf(PartitionId partition)
    {
        one.Step(TimeSpan.FromSeconds(1));
        var status = one.Metrics.Partitions.Single(each => each.Partition == partition);
        return (status.State, status.Why);
    }
}
