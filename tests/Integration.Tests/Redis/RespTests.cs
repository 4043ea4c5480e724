using System.Text;
using StreamActors.Redis;

namespace StreamActors.Tests.RedisTests;

/// <summary>What is RESP is read whole or not yet; what is not is told, whatever lengths it claims.</summary>
public sealed class RespTests
{
    [Theory]
    [InlineData("+OK\r\n", "OK")]
    [InlineData(":12\r\n", "12")]
    [InlineData("$5\r\na\r\nbc\r\n", "a\r\nbc")]
    [InlineData("$0\r\n\r\n", "")]
    [InlineData("$-1\r\n", "")]
    public void An_answer_is_read_once_all_of_it_is_there(string answer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(answer);
        for (var length = 0; length < bytes.Length; length++)
            Resp.TryRead(bytes.AsSpan(0, length), out _, out _).ShouldBeFalse($"{length} bytes");

        Resp.TryRead([.. bytes, .. "+next\r\n"u8], out var reply, out var read).ShouldBeTrue();
        (reply.Text, read).ShouldBe((text, bytes.Length));
    }

    [Theory]
    [InlineData("$2147483647\r\n")]
    [InlineData("$67108865\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("*2147483647\r\n")]
    [InlineData("*-2\r\n")]
    [InlineData("*1\r\n$2147483646\r\n")]
    [InlineData("$2\r\nabc\r\n")]
    [InlineData("$2\r\nab\n\r")]
    [InlineData("*1\r\n$2\r\nab\rx")]
    [InlineData("$\r\n")]
    [InlineData("\r\n")]
    public void What_is_not_RESP_is_said_to_be_so(string answer) =>
        Should.Throw<InvalidDataException>(() => Resp.TryRead(Encoding.UTF8.GetBytes(answer), out _, out _));
}
