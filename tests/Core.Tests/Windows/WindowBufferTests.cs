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
        var model = new List<(byte Key, long Offset, byte[] Value)>();
        for (var i = 0; i < drawn.Length; i++)
        {
            var (key, value) = ((byte)(drawn[i] % 20), new byte[drawn[i] % 97]);
            Array.Fill(value, (byte)i);
            using var batch = new RecordBatch();
            batch.Add(i, i, new[] { key }, value, default);
            var replaced = buffer.Put([key], batch[0], new Origin(0, i, i));
            var before = model.FindIndex(each => each.Key == key);
            replaced?.Offset.ShouldBe(model[before].Offset);
            (replaced is null).ShouldBe(before < 0);
            if (before < 0)
            {
                model.Add((key, i, value));
            }
            else
            {
                model[before] = (key, i, value);
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
            (record.Key[0], record.Offset).ShouldBe((model[i].Key, model[i].Offset));
            buffer.OriginAt(i).Offset.ShouldBe(model[i].Offset);
            record.Value.SequenceEqual(model[i].Value).ShouldBeTrue();
        }
    });
}
