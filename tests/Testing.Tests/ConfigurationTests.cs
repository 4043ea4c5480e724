using Microsoft.Extensions.Configuration;

namespace StreamActors.Testing.Tests;

/// <summary>A pipeline under test is configured as in its host, and its mistakes are those of the start.</summary>
public sealed class ConfigurationTests
{
    [Fact]
    public void A_pipeline_runs_with_what_configuration_says_of_it_and_with_settings_of_its_own()
    {
        var text = "";
        using var test = Start(
            pipeline =>
            {
                text = pipeline.Settings.Url("Customers:Url").ToString();
                pipeline.From("in", Codec.Text)
                    .MapAsync<Absent, string>(new() { Name = "customers" }).To(Routes.ToTopic("out"));
            },
            ("Customers:Url", "http://customers:8080"),
            ("StreamActors:Pipelines:test:Maps:customers:Timeout", "3s"));
        text.ShouldBe("http://customers:8080/");
        test.AllowFailures();
        test.Send("in", "k", "a");
        test.Advance(TimeSpan.FromSeconds(2.9));
        test.Failures.ShouldBeEmpty();
        test.Advance(TimeSpan.FromSeconds(0.2));
        test.Failures.ShouldHaveSingleItem().Why.ShouldContain("00:00:03");
    }

    [Fact]
    public void All_mistakes_of_the_configuration_are_told_at_once()
    {
        var told = Should.Throw<PipelineException>(() => Start(
            static pipeline =>
            {
                pipeline.Settings.Url("Customers:Url");
                pipeline.Settings.Url("Zones:Url");
                pipeline.Settings.Number("Customers:Most", 5, min: 1, max: 10);
                Routes.Echo(pipeline);
            },
            ("Customers:Url", "customers"),
            ("Customers:Most", "11"),
            ("StreamActors:Kafka:BootstrapServers", "of the host, not of the pipeline"),
            ("StreamActors:Pipelines:test:Limits:MailboxRecords", "none"),
            ("StreamActors:Pipelines:test:Limits:MailboxRecord", "7"),
            ("StreamActors:Pipelines:other:Limits:MailboxRecord", "7"))).Message;
        told.ShouldContain("Customers:Url is \"customers\": it must be an http or https URL");
        told.ShouldContain("Zones:Url is not set: it must be an http or https URL, such as http://localhost:8080.");
        told.ShouldContain("Customers:Most is \"11\" (memory): it must be a whole number from 1 to 10.");
        told.ShouldContain("StreamActors:Pipelines:test:Limits:MailboxRecords is \"none\" (memory)");
        told.ShouldContain(
            "StreamActors:Pipelines:test:Limits:MailboxRecord is not a setting of this pipeline. Did you mean "
            + "StreamActors:Pipelines:test:Limits:MailboxRecords?");
        told.ShouldNotContain("of the host");
        told.ShouldNotContain("other");
    }

    private static PipelineTest Start(
        Action<PipelineBuilder> define, params (string Name, string Value)[] settings) => PipelineTest.Of(
        define,
        options: new()
        {
            Configuration = new ConfigurationBuilder().AddInMemoryCollection(
                settings.Select(static each => KeyValuePair.Create(each.Name, (string?)each.Value))).Build(),
        });

    private sealed class Absent(TimeProvider time) : IAsyncMap<string, string>
    {
        public async ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, stop);
            return value;
        }
    }
}
