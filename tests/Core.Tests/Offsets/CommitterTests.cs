using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Limits;
using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Sources;

namespace StreamActors.Core.Tests.Offsets;

public sealed class CommitterTests
{
    private static readonly PartitionId Partition = new("t", 0);

    private readonly ManualConsumer client = new();
    private readonly RecordedEvents events = new();
    private readonly Committer committer;

    public CommitterTests()
    {
        committer = new Committer("p", client, new PipelineTiming { CommitRecords = 10 }, events, static _ => false);
        committer.Started(new PartitionOffset(Partition, 0));
        Due(now: 0, offset: 1);
        client.Commits[0].Done.SetResult();
    }

    [Fact]
    public void It_commits_on_the_timer_and_earlier_by_count_but_never_without_a_pause()
    {
        Due(now: 4_999, offset: 2).ShouldBeFalse("the interval is 5 s");
        Due(now: 5_000, offset: 2).ShouldBeTrue();
        client.Commits[^1].Done.SetResult();
        Due(now: 5_099, offset: 100).ShouldBeFalse("the pause is 100 ms");
        Due(now: 5_100, offset: 100).ShouldBeTrue("98 records are more than 10");
        client.Commits[^1].Done.SetResult();
        Due(now: 10_099, offset: 101).ShouldBeFalse("the count commit began the interval anew");
        Due(now: 10_100, offset: 101).ShouldBeTrue();
        client.Commits[^1].Done.SetResult();
        Due(now: 99_000, offset: 101).ShouldBeFalse("there is no news");
        committer.Committed(Partition).ShouldBe(101);
    }

    [Fact]
    public void One_commit_is_under_way_at_a_time()
    {
        Due(now: 10_000, offset: 2).ShouldBeTrue();
        committer.IsIdle.ShouldBeFalse();
        Due(now: 20_000, offset: 3).ShouldBeFalse();
        client.Commits[^1].Done.SetResult();
        Due(now: 20_000, offset: 3).ShouldBeTrue();
    }

    [Fact]
    public void The_next_commit_covers_a_failed_one_and_an_episode_is_reported_once()
    {
        for (var i = 1; i <= 3; i++)
        {
            Due(now: i * 10_000, offset: 2).ShouldBeTrue();
            client.Commits[^1].Done.SetException(new SourceException("refused"));
        }

        Due(now: 40_000, offset: 2).ShouldBeTrue();
        events.All.ShouldBe([new EngineEvent.CommitFailed("p", "refused")]);
        committer.Committed(Partition).ShouldBe(1);
    }

    [Fact]
    public void A_late_result_does_not_speak_for_a_partition_that_came_back()
    {
        Due(now: 10_000, offset: 50).ShouldBeTrue();
        committer.Forget(Partition);
        committer.Started(new PartitionOffset(Partition, 20));
        client.Commits[^1].Done.SetResult();
        committer.Finish();
        committer.Committed(Partition).ShouldBe(20);
    }

    [Fact]
    public void A_restart_does_not_pass_for_a_commit()
    {
        committer.Started(new PartitionOffset(Partition, 40));
        committer.Finish();
        committer.Committed(Partition).ShouldBe(1);
    }

    [Fact]
    public void A_proof_that_is_asked_for_waits_for_the_commit_under_way_behind_which_it_would_take_offsets_back()
    {
        Due(now: 10_000, offset: 50).ShouldBeTrue();
        committer.Prove([new PartitionOffset(Partition, 1)]).ShouldBeNull();

        client.Commits[^1].Done.SetResult();
        committer.Prove([new PartitionOffset(Partition, 50)]).ShouldNotBeNull();
        client.Commits[^1].Offsets.ShouldBe([new PartitionOffset(Partition, 50)]);
    }

    [Fact]
    public void Without_news_a_commit_again_proves_the_membership_before_the_proof_is_old()
    {
        committer.Membership.BeginRound(10_000, TimeSpan.FromSeconds(1));
        Due(now: 10_000, offset: 2).ShouldBeTrue();
        client.Commits[^1].Done.SetResult();
        Due(now: 10_300, offset: 2).ShouldBeFalse("there is no news, and the proof is fresh");
        Due(now: 10_400, offset: 2).ShouldBeTrue();
        client.Commits[^1].Offsets.ShouldBe([new PartitionOffset(Partition, 2)]);
        client.Commits[^1].Done.SetResult();
        committer.Finish();
        committer.Membership.IsProven(11_200).ShouldBeTrue();
    }

    [Fact]
    public void A_proof_never_takes_back_a_commit_that_may_have_been_carried_out()
    {
        var other = new PartitionId("t", 1);
        committer.Started(new PartitionOffset(other, 7));
        committer.Membership.BeginRound(10_000, TimeSpan.FromSeconds(1));
        Due(now: 10_000, offset: 50).ShouldBeTrue();
        client.Commits[^1].Done.SetException(new SourceException("the answer was lost"));

        // The shard is put off: what it has done is not known at the moment.
        committer.CommitIfDue(10_900, []);
        client.Commits[^1].Offsets.ShouldBe([new PartitionOffset(other, 7)]);
    }

    private bool Due(long now, long offset)
    {
        var before = client.Commits.Count;
        committer.CommitIfDue(now, [new PartitionOffset(Partition, offset)]);
        return client.Commits.Count > before;
    }
}
