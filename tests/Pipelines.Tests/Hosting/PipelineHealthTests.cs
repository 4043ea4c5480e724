using StreamActors.Hosting;
using StreamActors.Metrics;
using StreamActors.Records;

namespace StreamActors.Pipelines.Tests.Hosting;

/// <summary>What <c>/health</c> says of the partitions of a pipeline.</summary>
public sealed class PipelineHealthTests
{
    [Fact]
    public void Partitions_with_the_same_trouble_are_one_line_and_those_that_run_are_none() =>
        PipelineHealth.TroublesOf(
        [
            .. Enumerable.Range(0, 5).Select(static number => Status(number, PartitionState.Held, "redis: refused")),
            Status(5, PartitionState.Running, ""),
            Status(6, PartitionState.Running, "kafka: slow"),
            Status(7, PartitionState.Held, ""),
            Status(8, PartitionState.Starting, "waits for visits/8"),
        ]).ShouldBe(
        [
            "trips/0, trips/1, trips/2 and 2 more held: redis: refused",
            "trips/6 waiting: kafka: slow",
            "trips/7 held",
            "trips/8 not started: waits for visits/8",
        ]);

    [Fact]
    public void Deliveries_fail_where_a_partition_is_read_or_held_for_a_reason() =>
        PipelineHealth.FailingOf(
        [
            Status(0, PartitionState.Held, "redis: refused"),
            Status(1, PartitionState.Running, ""),
            Status(2, PartitionState.Running, "redis: refused"),
            Status(3, PartitionState.Held, ""),
            Status(4, PartitionState.Starting, "waits for visits/4"),
        ]).ShouldBe(["trips/0 held: redis: refused", "trips/2 waiting: redis: refused"]);

    private static PartitionStatus Status(int number, PartitionState state, string why) =>
        new(new PartitionId("trips", number), state, 0, 0, 0, why);
}
