using System.Buffers;
using System.Text;
using System.Text.Json.Serialization;

namespace StreamActors.Core.Tests.Codecs;

public sealed class CodecTests
{
    private static readonly ICodec<View> Generated = Json.Of(ViewJson.Default.View);

    [Fact]
    public void A_value_reads_back_as_it_was_written_by_both_kinds_of_json()
    {
        var view = new View("u1", "/ä", 3);
        foreach (var codec in new[] { Generated, Json.Of<View>() })
        {
            codec.TryRead(Bytes(codec, view), out var read, out _).ShouldBeTrue();
            read.ShouldBe(view);
        }

        Encoding.UTF8.GetString(Bytes(Json.Of<View>(), view)).ShouldStartWith("{\"user\":\"u1\"", Case.Sensitive);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("null", "is null")]
    [InlineData("{\"user\":\"u1\",\"url\":\"/a\",\"times\":\"x\"}", "$.times is not the JSON of View")]
    [InlineData("{}", "is not the JSON of View")]
    [InlineData("{\"user\":null,\"url\":\"/a\",\"times\":1}", "is not the JSON of View")]
    [InlineData("{\"user\":", "is not the JSON of View")]
    [InlineData("{} {}", "is not the JSON of View")]
    public void What_is_no_value_is_refused_with_the_place_and_the_reason(string text, string reason)
    {
        Json.Of<View>().TryRead(Encoding.UTF8.GetBytes(text), out _, out var rejection).ShouldBeFalse();
        rejection.ToString().ShouldContain(reason);
    }

    [Fact]
    public void A_value_that_cannot_be_written_leaves_the_next_one_whole()
    {
        var codec = Json.Of<object>();
        var output = new ArrayBufferWriter<byte>();
        Should.Throw<Exception>(() => codec.Write(new Loop(), output));
        Encoding.UTF8.GetString(Bytes(codec, new { A = 1 })).ShouldBe("{\"a\":1}");
    }

    [Fact]
    public void Text_is_text_or_refused_and_bytes_are_bytes()
    {
        Codec.Text.TryRead("ä"u8, out var text, out _).ShouldBeTrue();
        text.ShouldBe("ä");
        Bytes(Codec.Text, "ä").ShouldBe("ä"u8.ToArray());
        Codec.Text.TryRead([0xC3], out _, out var rejection).ShouldBeFalse();
        rejection.ToString().ShouldBe("is not valid UTF-8");
        Codec.Bytes.TryRead([1, 2], out var bytes, out _).ShouldBeTrue();
        Bytes(Codec.Bytes, bytes).ShouldBe([1, 2]);
    }

    private static byte[] Bytes<T>(ICodec<T> codec, T value)
    {
        var output = new ArrayBufferWriter<byte>();
        codec.Write(in value, output);
        return output.WrittenSpan.ToArray();
    }

    internal sealed record View(string User, string Url, int Times);

    private sealed class Loop
    {
        public string First => "half of it";

        public Loop Self => this;
    }
}

[JsonSerializable(typeof(CodecTests.View))]
internal sealed partial class ViewJson : JsonSerializerContext;
