using StreamActors.Configuration;
using StreamActors.Hosting;

namespace StreamActors.Pipelines.Tests.Hosting;

public sealed class SettingsReaderTests
{
    [Fact]
    public void A_setting_that_is_not_set_has_its_default_and_says_so()
    {
        var reader = Reader();

        reader.Text("KAFKA_GROUP_ID", "stream-processor").ShouldBe("stream-processor");

        reader.Settings.ShouldHaveSingleItem().From.ShouldBeNull();
        reader.Mistakes.ShouldBeEmpty();
    }

    [Fact]
    public void An_empty_value_counts_as_not_set() =>
        Reader(("API_PORT", "")).Number("API_PORT", 8080, 0, 65_535).ShouldBe(8080);

    [Fact]
    public void Names_ignore_case() =>
        Reader(("kafka_group_id", "mine")).Text("KAFKA_GROUP_ID", "").ShouldBe("mine");

    [Fact]
    public void The_nested_form_of_a_name_beats_the_plain_one()
    {
        var reader = Reader(("KAFKA_GROUP_ID", "plain"), ("KAFKA__GROUP_ID", "nested"));

        reader.Text("KAFKA_GROUP_ID", "").ShouldBe("nested");

        reader.Settings[0].From.ShouldBe("environment, as KAFKA__GROUP_ID");
    }

    [Theory]
    [InlineData("10")]
    [InlineData("5001")]
    [InlineData("abc")]
    [InlineData("1.5")]
    [InlineData("99999999999")]
    public void A_number_out_of_range_is_a_mistake_that_names_variable_value_and_range(string value)
    {
        var reader = Reader(("PROCESSOR_WINDOW_SIZE_MS", value));

        reader.Number("PROCESSOR_WINDOW_SIZE_MS", 100, 50, 5_000).ShouldBe(100);

        var mistake = reader.Mistakes.ShouldHaveSingleItem();
        mistake.ShouldContain("PROCESSOR_WINDOW_SIZE_MS");
        mistake.ShouldContain(value);
        mistake.ShouldContain("50 to 5000");
    }

    [Theory]
    [InlineData("50", 50)]
    [InlineData("5000", 5_000)]
    public void The_bounds_of_a_range_belong_to_it(string value, int expected) =>
        Reader(("PROCESSOR_WINDOW_SIZE_MS", value))
            .Number("PROCESSOR_WINDOW_SIZE_MS", 100, 50, 5_000).ShouldBe(expected);

    [Theory]
    [InlineData("true", true)]
    [InlineData("YES", true)]
    [InlineData("1", true)]
    [InlineData("On", true)]
    [InlineData("false", false)]
    [InlineData("off", false)]
    [InlineData("0", false)]
    [InlineData("No", false)]
    public void Flags_are_written_as_the_original_accepts_them(string value, bool expected) =>
        Reader(("PROCESSOR_GPS_ENABLED", value)).Flag("PROCESSOR_GPS_ENABLED", !expected).ShouldBe(expected);

    [Fact]
    public void All_mistakes_are_told_at_once()
    {
        var reader = Reader(("A_B", "x"), ("C_D", "maybe"), ("E_F", "avg"), ("G_H", "-1"));

        reader.Number("A_B", 1, 0);
        reader.Flag("C_D", false);
        reader.OneOf("E_F", "latest", "latest", "sample");
        reader.Seconds("G_H", 60, 0, 86_400);

        reader.Mistakes.Count.ShouldBe(4);
    }

    [Fact]
    public void A_secret_is_given_to_the_program_and_to_nobody_else()
    {
        var reader = Reader(("REDIS_PASSWORD", "hunter2"));

        reader.Secret("REDIS_PASSWORD").ShouldBe("hunter2");

        reader.Settings.ShouldHaveSingleItem().ToString().ShouldNotContain("hunter2");
    }

    [Fact]
    public void An_ignored_setting_is_shown_with_its_reason_only_where_it_is_set()
    {
        var reader = Reader(("PROCESSOR_MAX_RETRIES", "3"));

        reader.Ignored("PROCESSOR_MAX_RETRIES", "because");
        reader.Ignored("PROCESSOR_RETRY_BACKOFF_BASE_MS", "because");

        reader.Settings.ShouldHaveSingleItem().Ignored.ShouldBe("because");
    }

    [Fact]
    public void An_ignored_secret_stays_one()
    {
        var reader = Reader(("KAFKA_SASL_PASSWORD", "hunter2"));

        reader.Secret("KAFKA_SASL_PASSWORD");
        reader.Ignored("KAFKA_SASL_PASSWORD", "because");

        var setting = reader.Settings.ShouldHaveSingleItem();
        setting.Ignored.ShouldBe("because");
        setting.ToString().ShouldNotContain("hunter2");
    }

    private static SettingsReader Reader(params (string Name, string Value)[] variables) =>
        EnvironmentSettings.Reader(variables.ToDictionary(
            static each => each.Name, static each => each.Value, StringComparer.OrdinalIgnoreCase));
}
