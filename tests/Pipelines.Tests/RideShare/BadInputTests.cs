using System.Text;
using static StreamActors.Pipelines.RideShare.RideShareTopics;

namespace StreamActors.Pipelines.Tests.RideShare;

/// <summary>
/// Records that nobody should send. The original fell over some of them; none may stop or slow the processor.
/// </summary>
public sealed class BadInputTests
{
    private static readonly byte[] Ping = Encoding.UTF8.GetBytes(Published.Ping);

    [Theory]
    [InlineData("", "is empty")]
    [InlineData(" ", "is not valid JSON")]
    [InlineData("[1]", "is not a JSON object")]
    [InlineData("5", "is not a JSON object")]
    [InlineData("null", "is not a JSON object")]
    [InlineData("\"x\"", "is not a JSON object")]
    [InlineData("5 5", "is not valid JSON")]
    [InlineData("{bad", "is not valid JSON")]
    [InlineData("{}", "entity_type is missing")]
    public void What_is_no_event_is_refused_with_its_reason(string record, string refusal) =>
        Published.Refusal(GpsPings, record).ShouldBe(refusal);

    [Theory]
    [InlineData(new byte[] { 0x80, 0x81 })]
    [InlineData(new byte[] { 0xFF, 0xFE })]
    [InlineData(new byte[] { 0xC0, 0xAF })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    public void Invalid_UTF8_is_refused_wherever_it_is(byte[] bad)
    {
        Published.Refusal(GpsPings, bad).ShouldBe("is not valid UTF-8");
        var inText = Ping.AsSpan().IndexOf("driver-123"u8);
        Published.Refusal(GpsPings, [.. Ping[..inText], .. bad, .. Ping[inText..]]).ShouldBe("is not valid UTF-8");
        Published.Refusal(GpsPings, [.. Ping[..^1], .. ",\"u\":\""u8, .. bad, .. "\"}"u8])
            .ShouldBe("is not valid UTF-8");
        Published.Refusal(GpsPings, [.. Ping, .. bad]).ShouldBe("is not valid UTF-8");
    }

    [Fact]
    public void A_record_cut_off_anywhere_is_refused()
    {
        for (var length = 1; length < Ping.Length; length++)
        {
            Published.Refusal(GpsPings, Ping.AsSpan(0, length)).ShouldBe("is not valid JSON");
        }
    }

    [Fact]
    public void A_byte_order_mark_is_stepped_over() =>
        Published.Json(GpsPings, [0xEF, 0xBB, 0xBF, .. Ping]).ShouldBe(Published.Json(GpsPings, Ping));

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    public void Ten_thousand_levels_are_refused_and_sixty_three_are_not(string open, string close)
    {
        string Nested(int levels) => Published.Ping[..^1] + ",\"u\":" + string.Concat(Enumerable.Repeat(open, levels))
            + "0" + string.Concat(Enumerable.Repeat(close, levels)) + "}";
        Published.Refusal(GpsPings, Nested(10_000)).ShouldBe("is nested deeper than 64 levels");
        Published.Refusal(GpsPings, Nested(64)).ShouldBe("is nested deeper than 64 levels");
        Published.Json(GpsPings, Nested(63)).ShouldNotBeEmpty();
        Published.Refusal(GpsPings, string.Concat(Enumerable.Repeat(open, 10_000)))
            .ShouldBe("is nested deeper than 64 levels");
    }

    [Fact]
    public void A_megabyte_is_read_like_any_record()
    {
        var text = new string('é', 512 * 1024);
        Published.Json(GpsPings, Published.Ping.Replace("driver-123", text)).Length.ShouldBeGreaterThan(text.Length);
        Published.Json(GpsPings, Published.Ping[..^1] + ",\"u\":\"" + text + "\"}")
            .ShouldBe(Published.Json(GpsPings, Ping));
        var route = "[" + string.Join(',', Enumerable.Repeat("[1,\"1e14\"]", 100_000)) + "]";
        Published.Json(Trips, Json.With(Published.Trip, "route", route)).ShouldContain("[1.0,100000000000000.0]");
    }

    [Fact]
    public void Half_a_surrogate_pair_is_refused_in_a_field_and_dropped_with_an_unknown_one()
    {
        Published.Refusal(GpsPings, Published.Ping.Replace("driver-123", "\\ud800x"))
            .ShouldBe("entity_id has half of a surrogate pair");
        Published.Json(GpsPings, Published.Ping[..^1] + ",\"\\ud800\":\"\\udc00\"}")
            .ShouldBe(Published.Json(GpsPings, Ping));
        Published.Json(GpsPings, Published.Ping.Replace("driver-123", "\\ud83d\\ude00"))
            .ShouldContain("\"\\ud83d\\ude00\"");
    }

    [Theory]
    [InlineData("gps_pings", "entity_type", null)]
    [InlineData("gps_pings", "entity_type", "\"vehicle\"")]
    [InlineData("gps_pings", "entity_id", null)]
    [InlineData("gps_pings", "location", "\"invalid\"")]
    [InlineData("trips", "trip_id", null)]
    [InlineData("trips", "event_type", "\"trip.invalid\"")]
    [InlineData("driver_status", "new_status", "\"invalid_status\"")]
    [InlineData("surge_updates", "zone_id", null)]
    [InlineData("surge_updates", "new_multiplier", "-1")]
    [InlineData("driver_profiles", "event_type", "\"driver.deleted\"")]
    [InlineData("driver_profiles", "shift_preference", "\"always\"")]
    [InlineData("rider_profiles", "payment_method_type", "\"cash\"")]
    public void What_the_original_s_own_tests_refuse_is_refused_by_name(string topic, string field, string? value)
    {
        var good = Good(topic);
        var bad = value is null ? Json.Without(good, field) : Json.With(good, field, value);
        Published.Refusal(Find(topic)!, bad).ShouldStartWith(field + " is ");
    }

    [Fact]
    public void Neither_good_nor_bad_records_cost_an_allocation()
    {
        var records = GoldenTests.Cases().Where(c => c.Topic == "trips").Select(c => c.Value).ToArray();
        var codec = Trips.Codec(() => Published.NewId);
        var output = new FixedWriter();
        long Round()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (var record in records)
            {
                output.Clear();
                if (codec.TryRead(record, out var value, out _))
                {
                    codec.Write(in value, output);
                }
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Round();
        Round().ShouldBe(0);
    }

    internal static string Good(string topic) => topic switch
    {
        "gps_pings" => Published.Ping,
        "trips" => Published.Trip,
        "driver_status" => Published.Status,
        "surge_updates" => Published.Surge,
        "driver_profiles" => Published.DriverProfile,
        "rider_profiles" => Published.RiderProfile,
        _ => Published.Rating,
    };

    private sealed class FixedWriter : System.Buffers.IBufferWriter<byte>
    {
        private readonly byte[] room = new byte[1 << 20];
        private int used;

        public void Clear() => used = 0;

        public void Advance(int count) => used += count;

        public Memory<byte> GetMemory(int sizeHint = 0) => room.AsMemory(used);

        public Span<byte> GetSpan(int sizeHint = 0) => room.AsSpan(used);
    }
}
