using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using StreamActors.Node.Cli;
using StreamActors.Node.Demo;
using StreamActors.Node.Load;
using StreamActors.Pipelines.RideShare;
using StreamActors.Pipelines.RideShare.Simulation;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors demo</c>: Kafka, Redis, a simulated city and a node, in one process.</summary>
internal static class DemoCommand
{
    private static readonly SimulatorFlags Flags = new(
        new WorldOptions { Drivers = 500, Rate = 10_000, Malformed = 0.01, Duplicates = 0.01 });

    private static readonly Option<int?> Seconds = NumberOption.Positive(
        "--seconds", "N", "End after so long. Default: never.");

    private static readonly Option<string?> Kafka = new("--kafka")
    {
        Description = "A Kafka that runs already, instead of the embedded broker; its log-in is the environment's. The "
            + "topics that are missing there are created.",
        HelpName = "HOST:PORT",
        CustomParser = HostPort.ParseList,
    };

    private static readonly Option<HostPort?> Redis = new("--redis")
    {
        Description = "A Redis that runs already, instead of one of the demo's own; its log-in is the environment's.",
        HelpName = "HOST:PORT",
        CustomParser = HostPort.Parse,
    };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        var command = new Command(
            "demo",
            "Show it all in one process: an embedded Kafka, a Redis, a simulated city, a node. The node runs the "
            + "ride-share pipeline, with its pages on API_PORT (8080) and METRICS_PORT (9464). Ctrl-C drains and "
            + "prints what became of every record: exit code 0 when that adds up, 1 when it does not.")
        {
            Seconds,
            Kafka,
            Redis,
        };
        Flags.AddTo(command);
        command.SetAction(async (parsed, _) => await RunAsync(parsed, stop));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        await using var peers = await DemoPeers.StartAsync(parsed.GetValue(Kafka), parsed.GetValue(Redis), stop);
        var reader = peers.Settings();
        var rideShare = RideShareSettings.Read(reader);
        var settings = NodeSettings.Read(reader);
        UserErrorException.ThrowIfAny(reader.Mistakes);

        using var warnings = new RecentWarnings(TimeProvider.System);
        await using var app = NodeApp.Build(
            settings,
            [PipelineCatalog.RideShare(rideShare)],
            logging => logging.AddProvider(warnings));
        if (parsed.GetValue(Kafka) is not null)
        {
            var topics = DemoPeers.Topics(rideShare.NewTopics.Replication);
            await LoadTopics.CreateMissingAsync(rideShare.Kafka, topics, Console.WriteLine, stop);
        }

        if (await DemoPeers.RedisTroubleAsync(rideShare.Redis, stop) is { } trouble)
        {
            await Console.Error.WriteLineAsync(trouble);
            return 1;
        }

        await NodeApp.StartAsync(app, settings, stop);
        using var simulator = MakeCity(parsed, rideShare);
        TimeSpan? length = parsed.GetValue(Seconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        var totals = await ShowAsync(Places(app, peers), async view =>
            await new DemoRun(app, simulator, view, warnings).RunAsync(length, stop));
        if (simulator.Totals.Sent == 0)
        {
            Console.WriteLine($"{Ink.Bad("✘")} Nothing was produced. {totals.Cut ?? Why(warnings)}");
            return stop.IsCancellationRequested && totals.Cut is null ? 0 : 1;
        }

        Console.Write(totals);
        if (simulator.Producer.Failure is { } failure)
        {
            Console.WriteLine($"{Ink.Bad("✘")} The city's Kafka producer failed: {failure}");
            return 1;
        }

        return totals.Gaps.Count == 0 ? 0 : 1;
    }

    private static Simulator MakeCity(ParseResult parsed, RideShareSettings rideShare)
    {
        var world = Flags.Read(parsed);
        Console.WriteLine($"{"city",-11}{SimulatorFlags.SayAgain(world)}");
        return new Simulator(world, rideShare.Kafka);
    }

    private static async Task<T> ShowAsync<T>(
        IReadOnlyList<(string Label, string Text)> places, Func<IDemoView, Task<T>> run)
    {
        using IDemoView view = Ink.IsTerminal ? new DemoScreen(places) : new DemoLines(places);
        return await run(view);
    }

    private static IReadOnlyList<(string Label, string Text)> Places(WebApplication app, DemoPeers peers)
    {
        var addresses = app.Urls.Select(static url => url.Replace("0.0.0.0", "localhost").Replace("[::]", "localhost"));
        var (api, metrics) = (addresses.First(), addresses.Last());
        return
        [
            ("health", $"{api}/health"),
            ("metrics", $"{api}/metrics (JSON)   {metrics}/metrics (Prometheus)"),
            ("peers", $"{peers.Kafka}   {peers.Redis}"),
            ("subscribe", peers.Watch),
        ];
    }

    private static string Why(RecentWarnings warnings) =>
        warnings.Newest is [var last, ..] ? last.Text : "The pipeline had no partitions yet.";
}
