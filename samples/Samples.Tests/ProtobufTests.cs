using System.Buffers;
using Ordering;
using StreamActors;

namespace Samples.Tests;

public sealed class ProtobufTests
{
    private const int SchemaId = 0x01020304;

    // Field 1, three bytes: "o-1"; field 3, a varint: 300.
    private static readonly byte[] Plain = [0x0A, 0x03, (byte)'o', (byte)'-', (byte)'1', 0x18, 0xAC, 0x02];

    private static readonly byte[] Framed = [0x00, 0x01, 0x02, 0x03, 0x04, 0x00, .. Plain];

    private static readonly Order TheOrder = new() { Id = "o-1", Cents = 300 };

    private readonly ICodec<Order> plain = new ProtobufCodec<Order>(Order.Parser);
    private readonly ICodec<Order> framed = new ProtobufCodec<Order>(Order.Parser, SchemaId);

    [Fact]
    public void A_message_is_written_as_its_bytes_and_read_back()
    {
        Written(plain, TheOrder).ShouldBe(Plain);
        Read(plain, Plain).ShouldBe(TheOrder);
    }

    [Fact]
    public void In_a_frame_the_zero_the_id_in_four_bytes_and_a_zero_for_the_first_message_stand_in_front()
    {
        Written(framed, TheOrder).ShouldBe(Framed);
        Read(framed, Framed).ShouldBe(TheOrder);
    }

    [Fact]
    public void A_value_of_another_version_of_the_schema_is_read()
    {
        byte[] other = [0x00, 0x7F, 0xFF, 0xFF, 0xFF, 0x00, .. Plain, 0x22, 0x01, (byte)'x'];    // field 4 is new
        Read(framed, other).Id.ShouldBe("o-1");
    }

    [Fact]
    public void A_message_with_nothing_set_needs_a_frame_since_no_bytes_are_a_tombstone()
    {
        Read(framed, Framed.AsSpan(0, 6)).ShouldBe(new Order());
        Refused(framed, []).ShouldBe("is empty");
        Refused(plain, []).ShouldBe("is empty");
    }

    [Theory]
    [InlineData("00")]
    [InlineData("00 01 02 03 04")]
    public void A_frame_that_is_cut_is_refused(string bytes) =>
        Refused(framed, Bytes(bytes)).ShouldBe("is cut in the middle of a schema registry's frame");

    [Theory]
    [InlineData("02 02")]       // one index, 1: the second message
    [InlineData("04 00 02")]    // two indexes, 0 and 1: a message inside the first
    public void Another_message_than_the_schemas_first_is_refused(string indexes) =>
        Refused(framed, [.. Framed[..5], .. Bytes(indexes), .. Plain])
            .ShouldBe("is not the first message of its schema");

    [Fact]
    public void What_is_not_in_the_frame_or_is_unexpectedly_is_refused()
    {
        Refused(framed, Plain).ShouldBe("is not in a schema registry's frame: its first byte is not zero");
        Refused(plain, Framed).ShouldBe("is not the Protobuf of a Order");
    }

    [Fact]
    public void A_message_that_is_cut_inside_a_field_is_refused()
    {
        foreach (var length in new[] { 1, 2, 3, 4, 6, 7 })
        {
            Refused(plain, Plain.AsSpan(0, length)).ShouldBe("is not the Protobuf of a Order");
            Refused(framed, Framed.AsSpan(0, 6 + length)).ShouldBe("is not the Protobuf of a Order");
        }
    }

    [Fact]
    public void No_bytes_whatever_throw()
    {
        var random = new Random(1);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            plain.TryRead(bytes, out _, out _);
            framed.TryRead([0, 0, 0, 0, 7, 0, .. bytes], out _, out _);
        }

        Refused(plain, """{"id":"o-1"}"""u8).ShouldBe("is not the Protobuf of a Order");
    }

    [Fact]
    public void Large_orders_go_on_in_a_frame_and_what_is_no_order_is_a_dead_letter()
    {
        using var test = PipelineTest.Of(LargeOrders.Define);
        var large = new Order { Id = "o-2", Customer = "ann", Cents = 100_000 };
        test.Send("orders", "ann", new Order { Id = "o-1", Customer = "ann", Cents = 99_999 });
        test.Send("orders", "ann", large);
        test.SendBad("orders", "ann", "{}");
        test.ReadRaw("orders.large").ShouldHaveSingleItem().Value.ShouldBe(
            [0, 0, 0, 0, LargeOrders.SchemaId, 0, .. Written(plain, large)]);
        test.DeadLetters.ShouldHaveSingleItem().Topic.ShouldBe("orders.dlq");
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static byte[] Written(ICodec<Order> codec, Order order)
    {
        var output = new ArrayBufferWriter<byte>();
        codec.Write(order, output);
        return output.WrittenSpan.ToArray();
    }

    private static Order Read(ICodec<Order> codec, ReadOnlySpan<byte> bytes)
    {
        codec.TryRead(bytes, out var order, out var rejection).ShouldBeTrue(rejection.ToString());
        return order;
    }

    private static string Refused(ICodec<Order> codec, ReadOnlySpan<byte> bytes)
    {
        codec.TryRead(bytes, out _, out var rejection).ShouldBeFalse();
        return rejection.ToString();
    }
}
