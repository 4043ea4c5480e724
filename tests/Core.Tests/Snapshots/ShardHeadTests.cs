using StreamActors.Records;
using StreamActors.Snapshots;

namespace StreamActors.Core.Tests.Snapshots;

/// <summary>What is stored is read as it was written, or refused by name: never half of it.</summary>
public sealed class ShardHeadTests
{
    private static readonly ShardHead Head = new(
        SavedAt: 1_000,
        [new PartitionOffset(new PartitionId("a", 3), 17), new PartitionOffset(new PartitionId("b", 3), 0)],
        EventTimes: [5, 6])
    {
        Parts =
        [
            new SavedPart("dedup a", IsKeyed: false, new LogRange(32, 64), new byte[] { 1, 2 }),
            new SavedPart("Visits", IsKeyed: true, null, ReadOnlyMemory<byte>.Empty),
        ],
    };

    [Fact]
    public void A_head_is_read_as_it_was_written()
    {
        var read = ShardHead.Read("shard", Head.ToBytes().Span);
        read.SavedAt.ShouldBe(1_000);
        read.Positions.ShouldBe(Head.Positions);
        read.EventTimes.ShouldBe([5, 6]);
        read.Parts.Select(static part => (part.Name, part.IsKeyed, part.Log)).ShouldBe(
            [("dedup a", false, new LogRange(32, 64)), ("Visits", true, null)]);
        read.Parts[0].Head.ToArray().ShouldBe([1, 2]);
    }

    [Fact]
    public void A_bit_that_turned_anywhere_is_found()
    {
        var bytes = Head.ToBytes().ToArray();
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 4;
            Should.Throw<SnapshotException>(() => ShardHead.Read("a-shard", bytes)).Message.ShouldContain("a-shard");
            bytes[at] ^= 4;
        }

        for (var length = 0; length < bytes.Length; length++)
        {
            Should.Throw<SnapshotException>(() => ShardHead.Read("shard", bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void What_a_later_release_wrote_is_refused_by_name()
    {
        var output = SnapshotWriter.Sealed();
        output.Write(2);
        Should.Throw<SnapshotException>(() => ShardHead.Read("shard", output.Seal().Span))
            .Message.ShouldBe("The snapshot of the shard shard has the format 2; this program reads 1.");
    }

    [Fact]
    public void The_checksum_is_that_of_the_standard() =>
        Checksum.Of("123456789"u8).ShouldBe(0xE3069283, "CRC-32C's check value (RFC 3720, B.4)");
}
