using System.CommandLine;
using StreamActors.Node.Bench;
using StreamActors.Pipelines.RideShare;

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
        Description = "gps: pings through the window to Redis. pass: driver statuses, each published as it comes.",
    };

    private static readonly Option<int> Records = new("--records")
    {
        Description = "Records of the throughput phase.",
        DefaultValueFactory = static _ => 5_000_000,
    };

    private static readonly Option<int> Drivers = new("--drivers")
    {
        Description = "Drivers that the records belong to.",
        DefaultValueFactory = static _ => 10_000,
    };

    private static readonly Option<int> Partitions = new("--partitions")
    {
        Description = "Partitions, where the topic does not exist yet.",
        DefaultValueFactory = static _ => 8,
    };

    private static readonly Option<ulong> Seed = new("--seed")
    {
        Description = "The seed of the records.",
        DefaultValueFactory = static _ => 1,
    };

    private static readonly Option<double> Latency = new("--latency-seconds")
    {
        Description = "How long the latency phase lasts; 0 leaves it out.",
        DefaultValueFactory = static _ => 15,
    };

    private static readonly Option<int?> Rate = new("--rate")
    {
        Description = "Records a second in the latency phase; without it 50,000 (gps) or 20,000 (pass).",
    };

    private static readonly Option<string> Kafka = new("--kafka")
    {
        Description = "Kafka's bootstrap servers. The bench adds records to the topic and reads only those.",
        DefaultValueFactory = static _ => "localhost:9092",
    };

    private static readonly Option<string> Redis = new("--redis")
    {
        Description = "Redis, as HOST:PORT.",
        DefaultValueFactory = static _ => "localhost:6379",
    };

    private static readonly Option<FileInfo?> Json = new("--json")
    {
        Description = "Also write the figures to this file, as JSON.",
    };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        What.AcceptOnlyFromAmong([.. Plans.Select(static plan => plan.Name)]);
        var command = new Command("bench", "Measure the ride-share pipeline against the bare Kafka client, in one go.")
        {
            What, Records, Drivers, Partitions, Seed, Latency, Rate, Kafka, Redis, Json,
        };
        command.SetAction((parsed, _) => RunAsync(parsed, stop));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var plan = Plans.First(plan => plan.Name == parsed.GetRequiredValue(What));
        var options = new BenchOptions
        {
            Records = parsed.GetValue(Records),
            Drivers = parsed.GetValue(Drivers),
            Partitions = parsed.GetValue(Partitions),
            Seed = parsed.GetValue(Seed),
            Latency = TimeSpan.FromSeconds(parsed.GetValue(Latency)),
            Rate = parsed.GetValue(Rate),
            Kafka = parsed.GetRequiredValue(Kafka),
            Redis = Endpoint(parsed.GetRequiredValue(Redis)),
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

    private static (string Host, int Port) Endpoint(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text[(colon + 1)..], out var port)
            ? (text[..colon], port)
            : throw new UserErrorException($"--redis is \"{text}\": it must be HOST:PORT.");
    }
}
