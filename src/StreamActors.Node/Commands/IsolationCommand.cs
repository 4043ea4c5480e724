using System.CommandLine;
using StreamActors.Node.Bench;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors bench isolation</c>: what keys whose calls fail cost the others.</summary>
internal static class IsolationCommand
{
    private static readonly Option<int?> Records = NumberOption.Positive(
        "--records", "N", "Records of the throughput phase. Default: 1,000,000.", 10_000_000);

    private static readonly Option<int?> Keys = NumberOption.Between(
        "--keys", "N", "Keys of the records; one of a hundred fails. Default: 10,000.", 1_000, 1_000_000);

    private static readonly Option<int?> Rate = NumberOption.Positive(
        "--rate", "N", "Records a second in the latency phase. Default: 5,000.", 100_000);

    private static readonly Option<double?> Latency = NumberOption.Seconds(
        "--latency-seconds", "How long the latency phase lasts, twice. Default: 60.");

    private static readonly Option<string?> Kafka = new("--kafka")
    {
        Description = "Kafka, without a log-in, for topics of the bench's own. Default: the embedded broker.",
        HelpName = "HOST:PORT",
        CustomParser = HostPort.ParseList,
    };

    private static readonly Option<FileInfo?> Json = new("--json")
    {
        Description = "Also write the figures to this file, as JSON.",
    };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        var command = new Command(
            "isolation",
            "Measure what keys whose calls fail, one of a hundred, cost the others: throughput and latency with and "
            + "without them, in one go.")
        {
            Records, Keys, Rate, Latency, Kafka, Json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var options = new IsolationOptions
            {
                Records = parsed.GetValue(Records) ?? 1_000_000,
                Keys = parsed.GetValue(Keys) ?? 10_000,
                Rate = parsed.GetValue(Rate) ?? 5_000,
                Latency = TimeSpan.FromSeconds(parsed.GetValue(Latency) ?? 60),
                Kafka = parsed.GetValue(Kafka),
            };
            var run = new IsolationRun(options, static line => Console.Error.WriteLine($"bench: {line}"));
            var report = await run.RunAsync(stop);
            await Console.Out.WriteAsync(report.ToString());
            if (parsed.GetValue(Json) is { } file)
            {
                await File.WriteAllBytesAsync(file.FullName, report.ToJson(), stop);
            }

            return 0;
        });
        return command;
    }
}
