using StreamActors.Core.Tests.Doubles;
using StreamActors.Records;
using StreamActors.Sources;

namespace StreamActors.Core.Tests.Sources;

public sealed class StartTests
{
    private static readonly PartitionId Zero = new("t", 0);
    private static readonly PartitionId One = new("t", 1);

    [Theory]
    [InlineData(7L, null, false, StartAt.Latest, 7L)]       // a committed offset decides
    [InlineData(7L, null, true, StartAt.Earliest, 7L)]
    [InlineData(null, null, false, StartAt.Earliest, 0L)]   // a new group starts where its setting says
    [InlineData(null, null, false, StartAt.Latest, 90L)]
    [InlineData(null, 5L, false, StartAt.Latest, 0L)]       // a partition added to a known topic skips nothing
    [InlineData(null, null, true, StartAt.Latest, 0L)]
    public void A_partition_starts_where_nothing_is_skipped(
        long? own, long? other, bool hasReadTopic, StartAt setting, long expected)
    {
        var start = StartPolicy.Decide(Zero, [(Zero, own, false), (One, other, false)], hasReadTopic, setting);
        (start.Kind switch { StartKind.Committed => start.Offset, StartKind.First => 0, _ => 90 }).ShouldBe(expected);
    }

    [Fact]
    public void The_first_start_is_committed_for_all_partitions_before_anything_is_read()
    {
        var client = new ManualConsumer { LogBounds = (10, 90), CommitsSucceed = true };
        client.Committed[Zero] = client.Committed[One] = null;
        var resolver = Resolver(client, StartAt.Latest);
        resolver.Resolve("t", [Zero]).ShouldBe([(new PartitionOffset(Zero, 90), false)]);
        client.Commits.Single().Offsets.ShouldBe([new(Zero, 90), new(One, 90)], ignoreOrder: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(null)]
    public void A_start_that_may_or_may_not_be_committed_is_decided_once(bool? outcome)
    {
        var client = new ManualConsumer { LogBounds = (10, 90), CommitsSucceed = outcome };
        client.Committed[Zero] = null;
        var resolver = Resolver(client, StartAt.Latest);
        Should.Throw<SourceException>(() => resolver.Resolve("t", [Zero]));
        client.LogBounds = (10, 95);
        client.CommitsSucceed = true;
        resolver.Resolve("t", [Zero]).ShouldBe(
            [(new PartitionOffset(Zero, 90), false)], "records from 90 on were promised");
    }

    [Fact]
    public void What_is_committed_is_not_committed_again()
    {
        var client = new ManualConsumer();
        client.Committed[Zero] = 7;
        Resolver(client, StartAt.Latest).Resolve("t", [Zero]).ShouldBe([(new PartitionOffset(Zero, 7), false)]);
        client.Commits.ShouldBeEmpty();
    }

    private static StartResolver Resolver(ManualConsumer client, StartAt setting) =>
        new(client, new NoThreads(), setting, TimeSpan.FromSeconds(1));
}
