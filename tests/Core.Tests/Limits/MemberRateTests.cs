using StreamActors.Core.Tests.Doubles;
using StreamActors.Records;

namespace StreamActors.Core.Tests.Limits;

/// <summary>What the poll loop makes of a pipeline's rate.</summary>
public sealed class MemberRateTests
{
    private static readonly PartitionId A0 = new("a", 0);
    private static readonly PartitionId A1 = new("a", 1);
    private static readonly PartitionId B0 = new("b", 0);

    [Fact]
    public void A_member_reads_at_its_rate_and_does_not_ask_for_another_round_at_once()
    {
        var one = Assigned([("a", "A")], A0);
        one.Rate.PerSecond = 100;
        one.Put(A0, 0, 10_000);

        for (var round = 0; round < 100; round++)
        {
            one.Time.Advance(TimeSpan.FromMilliseconds(10));
            one.Member.Step(wait: false).ShouldBeFalse("the poll thread waits for tokens; it does not spin");
            one.Time.RunTurns();
        }

        (10_000 - one.Client.Log(A0).Count).ShouldBeInRange(95, 125);

        one.Rate.PerSecond = 0;
        one.Member.Step(wait: false).ShouldBeTrue();
        (10_000 - one.Client.Log(A0).Count).ShouldBeGreaterThan(1_000);
    }

    [Fact]
    public void A_rate_of_one_record_a_second_starves_no_partition_of_any_shard()
    {
        // a/0 and b/0 share a shard, a/1 has its own with b/1, which is empty.
        var one = Assigned([("a", "E"), ("b", "E")], A0, A1, B0, new("b", 1));
        one.Rate.PerSecond = 1;
        one.Put(A0, 0, 100);
        one.Put(A1, 0, 100);
        one.Put(B0, 0, 100);

        for (var second = 0; second < 60; second++)
        {
            one.Step(TimeSpan.FromSeconds(1));
            one.Acknowledge();
        }

        foreach (var partition in (PartitionId[])[A0, A1, B0])
        {
            (100 - one.Client.Log(partition).Count).ShouldBeGreaterThan(9, $"{partition}");
        }
    }

    private static OneMember Assigned((string Topic, string Entity)[] routes, params PartitionId[] partitions)
    {
        var one = new OneMember(routes);
        one.Member.Assigned(partitions);
        return one;
    }
}
