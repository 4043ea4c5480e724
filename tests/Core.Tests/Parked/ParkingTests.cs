using System.Text;
using StreamActors.Parked;
using StreamActors.Limits;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;
using Record = StreamActors.Records.Record;

namespace StreamActors.Core.Tests.Parked;

public sealed class ParkingTests
{
    [Fact]
    public void The_first_of_each_key_alone_may_be_called_for_whatever_comes_and_goes() => Property.Holds(drawn =>
    {
        var parking = new Parking(new ParkingLimits(), seed: 1);
        var naive = new Dictionary<string, Queue<ParkedRecord>>();
        var offset = 0;
        foreach (var number in drawn)
        {
            var key = $"k{number % 40}";
            var queue = naive.TryGetValue(key, out var known) ? known : naive[key] = new();
            if (number / 40 % 2 == 0)
            {
                var record = Park(key, offset++);
                parking.Add(record, 0).ShouldBe(queue.Count == 0);
                queue.Enqueue(record);
            }
            else if (queue.TryDequeue(out var first))
            {
                parking.Remove(first).ShouldBe(queue.TryPeek(out var next) ? next : null);
            }
        }

        parking.Count.ShouldBe(naive.Values.Sum(static queue => queue.Count));
    });

    [Fact]
    public void Records_without_a_key_wait_for_none_and_an_empty_key_is_a_key()
    {
        var parking = new Parking(new ParkingLimits(), seed: 1);
        parking.Add(Park(null, 0), 0).ShouldBeTrue();
        parking.Add(Park(null, 1), 0).ShouldBeTrue();
        parking.Add(Park("", 2), 0).ShouldBeTrue();
        parking.Add(Park("", 3), 0).ShouldBeFalse();
    }

    [Fact]
    public void There_is_room_up_to_the_bound_in_records_and_in_bytes_and_again_below_it()
    {
        var parking = new Parking(new ParkingLimits { Records = 2, Bytes = 1_000 }, seed: 1);
        var first = Park("a", 0);
        parking.Add(first, 0);
        parking.HasRoom(0).ShouldBeTrue();
        parking.Add(Park("b", 1), 0);
        parking.HasRoom(0).ShouldBeFalse();
        parking.Remove(first);
        parking.HasRoom(0).ShouldBeTrue();

        var bytes = new Parking(new ParkingLimits { Records = 10, Bytes = first.Bytes + 1 }, seed: 1);
        bytes.Add(first, 0);
        bytes.HasRoom(0).ShouldBeTrue();
        var second = Park("b", 1);
        bytes.Add(second, 0);
        bytes.HasRoom(0).ShouldBeFalse();
        bytes.Remove(second);
        bytes.HasRoom(0).ShouldBeTrue();
    }

    [Fact]
    public void A_record_that_is_parked_for_too_long_leaves_no_room_until_it_is_done_whichever_goes_first()
    {
        var parking = new Parking(new ParkingLimits { Age = TimeSpan.FromMilliseconds(10) }, seed: 1);
        ParkedRecord[] parked = [Park("a", 0), Park("b", 1), Park("c", 2), Park("a", 3)];
        for (var at = 0; at < parked.Length; at++)
        {
            parking.Add(parked[at], at);
        }

        (parking.Oldest, parking.OverdueAt).ShouldBe((parked[0], 10));
        parking.HasRoom(9).ShouldBeTrue();
        parking.HasRoom(10).ShouldBeFalse();
        parking.Remove(parked[1]);
        parking.HasRoom(10).ShouldBeFalse();
        parking.Remove(parked[0]);
        (parking.Oldest, parking.OverdueAt).ShouldBe((parked[2], 12));
        parking.Remove(parked[2]);
        parking.Remove(parked[3]);
        parking.OverdueAt.ShouldBe(long.MaxValue);
        parking.Add(Park("d", 4), 99);
        parking.OverdueAt.ShouldBe(109);
    }

    [Fact]
    public void A_parked_record_is_whole()
    {
        using var batch = new RecordBatch();
        batch.Reset(new PartitionId("t", 3));
        batch.Add(7, 42, "key"u8, "value"u8, "headers"u8);
        batch.Add(8, long.MaxValue, default, default, default);
        ParkedRecord[] parked = [Copy(batch[0], "entity"u8), Copy(batch[1], default)];
        batch.Reset(new PartitionId("other", 0));
        batch.Add(0, 0, "---"u8, "-----"u8, "-------"u8);

        var record = parked[0].Record;
        record.Source.ShouldBe(new PartitionId("t", 3));
        (record.Offset, record.Timestamp).ShouldBe((7, 42));
        Encoding.UTF8.GetString(record.Key).ShouldBe("key");
        Encoding.UTF8.GetString(record.Value).ShouldBe("value");
        Encoding.UTF8.GetString(record.Headers).ShouldBe("headers");
        Encoding.UTF8.GetString(parked[0].EntityKey).ShouldBe("entity");
        parked[0].ToCall(attempt: 2)
            .ShouldBe(new Call("key", DateTimeOffset.FromUnixTimeMilliseconds(42), 2, "t/3/7"));

        var bare = parked[1].Record;
        (bare.HasKey, bare.IsTombstone, bare.Value.Length).ShouldBe((false, true, 0));
        parked[1].ToCall(attempt: 1).EventTime.Year.ShouldBe(9999, "no date can say the record's own time");
    }

    private static ParkedRecord Park(string? key, long offset)
    {
        using var batch = new RecordBatch();
        batch.Reset(new PartitionId("t", 0));
        batch.Add(offset, 0, key is null ? default : Encoding.UTF8.GetBytes(key).AsSpan(), "v"u8, default);
        return Copy(batch[0], batch[0].Key);
    }

    private static ParkedRecord Copy(Record record, ReadOnlySpan<byte> entityKey)
    {
        var from = new Keyed
        {
            Record = record, EntityKey = entityKey, Origin = new Origin(0, record.Offset, record.Timestamp),
        };
        return new ParkedRecord(in from);
    }
}
