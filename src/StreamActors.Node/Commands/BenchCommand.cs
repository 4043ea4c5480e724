using System.CommandLine;
using StreamActors.Node.Bench;
using StreamActors.Node.Cli;
using StreamActors.Pipelines.RideShare;
using StreamActors.Hosting;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors bench gps|pass</c>: measures the pipeline against the bare client, in one go.</summary>
internal static class BenchCommand
{
    private static readonly IReadOnlyList<BenchPlan> Plans =
    [
        new("gps", RideShareTopics.GpsPings.Name, 50_000, static (drivers, seed) => new PingMaker(drivers, seed)),
        new(
            "pass",
            RideShareTopics.DriverStatus.Name,
            20_000,
            static (drivers, seed) => new StatusMaker(drivers, seed)),
    ];

    private static readonly Argument<string> What = new("bench")
    {
        Description = "gps: pings through the window to Redis; fills the topic gps_pings. pass: driver statuses, each "
            + "published as it comes; fills driver_status.",
    };

    private static readonly Option<bool> Yes = new("--yes")
    {
        Description = "Fill the topic although it exists and no bench made it. A node that reads it publishes it all.",
    };

    private static readonly Option<int?> Records = NumberOption.Positive(
        "--records", "N", "Records of the throughput phase. Default: 5,000,000.");

    private static readonly Option<int?> Drivers = NumberOption.Positive(
        "--drivers", "N", "Drivers that the records belong to. Default: 10,000.", 1_000_000);

    private static readonly Option<int?> Partitions = NumberOption.Positive(
        "--partitions", "N", "Partitions, where the topic does not exist yet. Default: 8.", 10_000);

    private static readonly Option<int?> Seed = NumberOption.Whole(
        "--seed", "N", "The seed of the records. Default: 1.");

    private static readonly Option<double?> Latency = NumberOption.Seconds(
        "--latency-seconds", "How long the latency phase lasts; 0 leaves it out. Default: 15.");

    private static readonly Option<int?> Rate = NumberOption.Positive(
        "--rate", "N", "Records a second in the latency phase. Default: 50,000 (gps) or 20,000 (pass).", 1_000_000);

    private static readonly Option<string?> Kafka = new("--kafka")
    {
        Description = "Kafka, without a log-in. The bench adds records to the topic and reads only those. Default: "
            + "localhost:9092.",
        HelpName = "HOST:PORT",
        CustomParser = HostPort.ParseList,
    };

    private static readonly Option<HostPort?> Redis = new("--redis")
    {
        Description = "Redis, without a log-in. Default: localhost:6379.",
        HelpName = "HOST:PORT",
        CustomParser = HostPort.Parse,
    };

    private static readonly Option<FileInfo?> Json = new("--json")
    {
        Description = "Also write the figures to this file, as JSON.",
    };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        What.Validators.Add(static result =>
        {
            var (name, known) = (result.Tokens[^1].Value, Plans.Select(static plan => plan.Name).ToList());
            if (!known.Contains(name))
            {
                result.AddError(
                    $"There is no bench {name}.{Nearest.Hint(name, known)} Known: {string.Join(", ", known)}.");
            }
        });
        var command = new Command("bench", "Measure the ride-share pipeline against the bare Kafka client, in one go.")
        {
            What, Records, Drivers, Partitions, Seed, Latency, Rate, Kafka, Redis, Json, Yes,
        };
        command.Subcommands.Add(HandoverCommand.Make(stop));
        command.Subcommands.Add(IsolationCommand.Make(stop));
        command.SetAction((parsed, _) => RunAsync(parsed, stop));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var plan = Plans.First(plan => plan.Name == parsed.GetRequiredValue(What));
        var options = new BenchOptions
        {
            Records = parsed.GetValue(Records) ?? 5_000_000,
            Drivers = parsed.GetValue(Drivers) ?? 10_000,
            Partitions = parsed.GetValue(Partitions) ?? 8,
            Seed = (ulong)(parsed.GetValue(Seed) ?? 1),
            Latency = TimeSpan.FromSeconds(parsed.GetValue(Latency) ?? 15),
            Rate = parsed.GetValue(Rate),
            Yes = parsed.GetValue(Yes),
            Kafka = parsed.GetValue(Kafka) ?? "localhost:9092",
            Redis = parsed.GetValue(Redis) ?? new HostPort("localhost", 6379),
        };
        var run = new BenchRun(plan, options, static line => Console.Error.WriteLine($"bench: {line}"));
        var report = await run.RunAsync(stop);
        await Console.Out.WriteAsync(report.Table());
        if (parsed.GetValue(Json) is { } file)
        {
            await File.WriteAllBytesAsync(file.FullName, report.ToJson(), stop);
        }

        return 0;
    }
}
