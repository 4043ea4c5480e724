using System.Buffers;
using System.Diagnostics;
using StreamActors.Core.Tests.Doubles;
using StreamActors.Limits;
using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Windows;

public sealed class WindowStageTests
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Tick = 2 * Period;

    [Fact]
    public void A_record_given_up_at_a_flush_becomes_a_dead_letter_with_its_key_null_value_and_headers()
    {
        var route = MakeRoute(window => window.Latest());
        var headers = new ArrayBufferWriter<byte>();
        RecordHeaders.Write(headers, "trace"u8, "abc"u8);
        RecordHeaders.WriteNull(headers, "nothing"u8);
        route.Send("k"u8, default, headers.WrittenSpan);
        route.Advance(Tick);
        var letter = route.Outputs("dead-letters", static (batch, output) =>
        {
            var names = new List<(string Name, string Value, bool IsNull)>();
            foreach (var header in RecordHeaders.Read(batch.Headers(in output)))
            {
                names.Add((Text(header.Name), Text(header.Value), header.IsNull));
            }

            return (Key: Text(batch.Key(in output)), output.IsTombstone, Headers: names);
        }).ShouldHaveSingleItem();
        (letter.Key, letter.IsTombstone).ShouldBe(("k", true));
        letter.Headers.Take(2).ShouldBe([("trace", "abc", false), ("nothing", "", true)]);
        letter.Headers.ShouldContain(("source_offset", "0", false));
        route.Counters.Failed.ShouldBe(1);
    }

    [Fact]
    public void The_id_of_a_record_given_up_at_a_flush_is_free_again()
    {
        var route = MakeRoute(window => window.Latest());
        route.Send("k"u8, "7 bad"u8);
        route.Send("k"u8, "7 good"u8);
        route.Counters.Duplicates.ShouldBe(1, "the first is held, and may still leave");
        route.Advance(Tick);
        route.Counters.Failed.ShouldBe(1);
        route.Send("k"u8, "7 good"u8);
        route.Send("k"u8, "7 good"u8);
        route.Counters.Duplicates.ShouldBe(2);
        route.Advance(2 * Tick);
        route.Texts("sink").ShouldBe(["7 good"]);
    }

    [Fact]
    public void A_window_that_is_empty_costs_a_turn_nothing_however_large_it_has_been()
    {
        var route = MakeRoute(window => window.Latest(), outputs: 200_000);
        for (var number = 0; number < 131_072; number++)
        {
            route.Send(BitConverter.GetBytes(number), "v"u8);
        }

        route.Advance(Tick);
        route.Texts("sink").Count.ShouldBe(131_072);
        var began = Stopwatch.GetTimestamp();
        for (var turn = 0; turn < 20_000; turn++)
        {
            route.Advance(Tick);
        }

        // 20,000 times half a megabyte to clear would be ten gigabytes.
        Stopwatch.GetElapsedTime(began).TotalMilliseconds.ShouldBeLessThan(250);
    }

    [Fact]
    public void The_counts_of_a_sample_that_go_at_the_cap_and_for_idleness_are_counted()
    {
        var route = MakeRoute(window => window.Sample(2), entities: 2);
        foreach (var key in new[] { "a", "b", "c", "c" })
        {
            route.Send(key, 0);
        }

        route.Counters.PassivatedAtCap.ShouldBe(1);
        route.Advance(TimeSpan.FromMinutes(11));
        route.Counters.PassivatedIdle.ShouldBe(2);
    }

    private static string Text(ReadOnlySpan<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes);

    private static OneRoute MakeRoute(
        Func<WindowBuilder<string>, WindowEnd<string>> window, int outputs = 1_024, int entities = 100_000) => new(
        pipeline => window(pipeline.From("t", new Words()).DedupById(Id, TimeSpan.FromMinutes(1))
            .DeadLetters("t.dlq").Every(Period)).To(new Target<string>("sink", static _ => "out", new Words())),
        new PipelineLimits
        {
            OutboxRecords = outputs,
            OutboxBytes = 1 << 24,
            EntitiesPerShard = entities,
        });

    private static UInt128? Id(string text) => text.Length > 0 && char.IsDigit(text[0]) ? (UInt128)text[0] : null;

    /// <summary>Reads anything, and cannot write what is empty or bad.</summary>
    private sealed class Words : ICodec<string>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out string value, out Rejection rejection)
        {
            (value, rejection) = (Text(bytes), default);
            return true;
        }

        public void Write(scoped in string value, IBufferWriter<byte> output)
        {
            if (value.Length == 0 || value.EndsWith("bad", StringComparison.Ordinal))
            {
                throw new FormatException("no word");
            }

            output.Write(System.Text.Encoding.UTF8.GetBytes(value));
        }
    }
}
