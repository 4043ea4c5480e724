using StreamActors.Records;
using StreamActors.Sinks;
using StreamActors.Windows;

namespace StreamActors.Core.Tests.Windows;

public sealed class WindowBufferTests
{
    [Fact]
    public void It_holds_the_last_record_of_each_entity_where_its_first_stood() => Property.Holds(static drawn =>
    {
        var buffer = new WindowBuffer(seed: 5);
        var model = new List<(byte Key, long Offset, int Drawn)>();
        for (var i = 0; i < drawn.Length; i++)
        {
            var (key, value) = ((byte)(drawn[i] % 20), new byte[drawn[i] % 97]);
            Array.Fill(value, (byte)i);
            using var batch = new RecordBatch();
            var headers = new byte[drawn[i] % 5];
            Array.Fill(headers, (byte)(i + 1));
            batch.Add(i, i, drawn[i] % 3 == 0 ? default : [key], drawn[i] % 97 == 0 ? default : value, headers);
            var replaced = buffer.Put([key], batch[0], new Origin(0, i, i));
            var before = model.FindIndex(each => each.Key == key);
            replaced?.Offset.ShouldBe(model[before].Offset);
            (replaced is null).ShouldBe(before < 0);
            if (before < 0)
            {
                model.Add((key, i, drawn[i]));
            }
            else
            {
                model[before] = (key, i, drawn[i]);
            }

            if (drawn[i] % 101 == 0)
            {
                buffer.Clear();
                model.Clear();
            }
        }

        buffer.Count.ShouldBe(model.Count);
        for (var i = 0; i < model.Count; i++)
        {
            var record = buffer.RecordAt(i, new PartitionId("t", 0));
            var (key, offset, number) = model[i];
            (record.HasKey, record.IsTombstone, record.Offset).ShouldBe((number % 3 != 0, number % 97 == 0, offset));
            record.Key.ToArray().ShouldBe(number % 3 == 0 ? [] : [key]);
            record.Value.ToArray().ShouldBe(Enumerable.Repeat((byte)offset, number % 97));
            record.Headers.ToArray().ShouldBe(Enumerable.Repeat((byte)(offset + 1), number % 5));
            buffer.OriginAt(i).Offset.ShouldBe(offset);
        }
    });
}
