using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Records;

public sealed class RecordTests
{
    [Fact]
    public void A_batch_gives_back_what_was_added_null_and_empty_told_apart() => Property.Holds(static drawn =>
    {
        using var batch = new RecordBatch();
        batch.Reset(new PartitionId("t", 1));
        for (var i = 0; i < drawn.Length; i++)
        {
            batch.Add(i, drawn[i], Part(drawn[i]), Part(drawn[i] / 7), Part(drawn[i] / 49));
        }

        batch.Count.ShouldBe(drawn.Length);
        for (var i = 0; i < drawn.Length; i++)
        {
            var record = batch[i];
            (record.Offset, record.Timestamp).ShouldBe((i, drawn[i]));
            record.HasKey.ShouldBe(Part(drawn[i]) is not null);
            record.IsTombstone.ShouldBe(Part(drawn[i] / 7) is null);
            record.Key.SequenceEqual(Part(drawn[i])).ShouldBeTrue();
            record.Value.SequenceEqual(Part(drawn[i] / 7)).ShouldBeTrue();
            record.Headers.SequenceEqual(Part(drawn[i] / 49)).ShouldBeTrue();
        }
    });

    [Fact]
    public void Headers_keep_their_order_repetition_and_nulls()
    {
        using var output = new OutputBatch();
        var draft = output.Begin("topic", "key"u8);
        RecordHeaders.Write(output.Writer, "a"u8, "1"u8);
        RecordHeaders.WriteNull(output.Writer, "a"u8);
        RecordHeaders.Write(output.Writer, "é"u8, "ü");
        RecordHeaders.Write(output.Writer, ""u8, ""u8);
        output.BeginValue(ref draft);
        output.End(in draft, new Origin(0, 0, 0));
        var read = new List<(string Name, string? Value)>();
        foreach (var header in RecordHeaders.Read(output.Headers(output.Outputs[0])))
        {
            read.Add((Text(header.Name), header.IsNull ? null : Text(header.Value)));
        }

        read.ShouldBe([("a", "1"), ("a", null), ("é", "ü"), ("", "")]);
    }

    [Fact]
    public void An_output_batch_rolls_back_to_its_mark()
    {
        using var batch = new OutputBatch();
        Add(batch, "kept", "first");
        var mark = batch.Mark();
        Add(batch, "gone", new string('x', 100_000));
        batch.Begin("half", "key"u8);
        batch.Rollback(mark);
        Add(batch, "kept", "second");
        batch.Count.ShouldBe(2);
        Text(batch.Value(batch.Outputs[0])).ShouldBe("first");
        Text(batch.Value(batch.Outputs[1])).ShouldBe("second");
        batch.Refuse(1, "too large");
        batch.Refused.ShouldBe([(1, "too large")]);
        batch.Clear();
        (batch.Count, batch.Bytes, batch.Refused.Count).ShouldBe((0, 0, 0));
    }

    [Fact]
    public void A_tombstone_and_a_missing_key_stay_what_they_are()
    {
        using var batch = new OutputBatch();
        var draft = batch.Begin("topic", default, hasKey: false);
        batch.BeginValue(ref draft);
        batch.End(in draft, new Origin(0, 0, 0), isTombstone: true);
        (batch.Outputs[0].HasKey, batch.Outputs[0].IsTombstone).ShouldBe((false, true));
        batch.Key(batch.Outputs[0]).IsEmpty.ShouldBeTrue();
    }

    private static void Add(OutputBatch batch, string destination, string value)
    {
        var draft = batch.Begin(destination, "key"u8);
        batch.BeginValue(ref draft);
        System.Buffers.BuffersExtensions.Write(batch.Writer, System.Text.Encoding.UTF8.GetBytes(value));
        batch.End(in draft, new Origin(0, 0, 0));
    }

    private static byte[]? Part(int number) => (number % 7) switch
    {
        0 => null,
        1 => [],
        _ => [.. Enumerable.Repeat((byte)number, number % 300)],
    };

    private static string Text(ReadOnlySpan<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes);
}
