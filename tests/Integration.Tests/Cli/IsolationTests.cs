using System.Text.Json;
using StreamActors.Node.Bench;

namespace StreamActors.Tests.Cli;

/// <summary><c>streamactors bench isolation</c>, on few records: that it measures what it says, not how much.</summary>
public sealed class IsolationTests
{
    [Fact]
    public async Task Both_cases_are_measured_in_one_run_and_only_the_failing_keys_wait()
    {
        var file = Path.GetTempFileName();
        var (code, output, errors) = await StreamActorsProcess.RunAsync(
            $"bench isolation --records 20000 --keys 1000 --rate 500 --latency-seconds 2 --json {file}");

        code.ShouldBe(0, errors);
        output.ShouldMatch(@"records/s +[\d,]+ +[\d,]+ +\d+\.\d\d  at least 0\.9");
        output.ShouldMatch(@"p99 .+ \d+\.\d\d  at most 2\.0");
        output.ShouldContain("parked at the end   210 records of failing keys");
        var figures = JsonDocument.Parse(await File.ReadAllTextAsync(file)).RootElement;
        figures.GetProperty("throughput_ratio").GetDouble().ShouldBeGreaterThan(0);
        figures.GetProperty("baseline").GetProperty("parked").GetInt64().ShouldBe(0);
        File.Delete(file);
    }

    [Fact]
    public void The_ratios_are_of_the_healthy_keys_against_the_time_in_which_none_failed()
    {
        var options = new IsolationOptions
        {
            Records = 1, Keys = 1_000, Rate = 1, Latency = TimeSpan.FromSeconds(1), Kafka = null,
        };
        var report = new IsolationReport(
            options,
            new IsolationFigures(1_000, TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(10), 0),
            new IsolationFigures(950, TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(15), 7));
        (report.Throughput, report.P99).ShouldBe((0.95, 1.5));
    }

    [Theory]
    [InlineData("--keys 10", "--keys is \"10\": it must be a whole number from 1000 to 1000000.")]
    [InlineData("--rate 0", "--rate is \"0\"")]
    [InlineData("--kafka nowhere", "--kafka is \"nowhere\"")]
    public async Task A_mistake_is_named_before_anything_starts(string arguments, string sentence)
    {
        var (code, _, errors) = await StreamActorsProcess.RunAsync($"bench isolation {arguments}");

        code.ShouldBe(2, errors);
        errors.ShouldContain(sentence);
    }
}
