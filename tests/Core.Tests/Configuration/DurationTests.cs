using StreamActors.Configuration;

namespace StreamActors.Core.Tests.Configuration;

public sealed class DurationTests
{
    [Theory]
    [InlineData("500ms", "00:00:00.500")]
    [InlineData("5s", "00:00:05")]
    [InlineData("1.5 s", "00:00:01.500")]
    [InlineData("2m", "00:02:00")]
    [InlineData("1h", "01:00:00")]
    [InlineData("7d", "7.00:00:00")]
    [InlineData("00:00:05", "00:00:05")]
    [InlineData("-1ms", "-00:00:00.001")]
    public void A_time_is_read_with_its_unit_or_as_a_clock_shows_it(string text, string expected)
    {
        Duration.TryRead(text, out var span).ShouldBeTrue();
        span.ShouldBe(TimeSpan.Parse(expected, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("5")]    // five days, in .NET's own notation
    [InlineData("")]
    [InlineData("s")]
    [InlineData("five s")]
    [InlineData("5 weeks")]
    [InlineData("1,5s")]
    [InlineData("99999999999999d")]
    [InlineData("00:99:00")]
    public void What_could_be_mistaken_is_no_time(string text) => Duration.TryRead(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("00:00:00", "0s")]
    [InlineData("00:00:00.800", "800ms")]
    [InlineData("00:01:30", "90s")]
    [InlineData("01:00:00", "1h")]
    [InlineData("00:00:00.0001", "00:00:00.0001000")]
    public void A_time_is_written_in_the_largest_unit_without_a_fraction_and_read_back(string time, string expected)
    {
        var span = TimeSpan.Parse(time, System.Globalization.CultureInfo.InvariantCulture);

        Duration.Write(span).ShouldBe(expected);

        Duration.TryRead(expected, out var back).ShouldBeTrue();
        back.ShouldBe(span);
    }
}
