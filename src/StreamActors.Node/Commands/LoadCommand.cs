using System.CommandLine;
using StreamActors.Hosting;
using StreamActors.Node.Cli;
using StreamActors.Node.Load;
using StreamActors.Pipelines.RideShare;
using StreamActors.Pipelines.RideShare.Simulation;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors load ride-share</c>: the simulator alone, against any Kafka.</summary>
internal static class LoadCommand
{
    private static readonly Argument<string> PipelineName = new("pipeline")
    {
        Description = "Whose world to simulate: ride-share.",
    };

    private static readonly SimulatorFlags Flags = new(new WorldOptions { Malformed = 0.01, Duplicates = 0.01 });

    private static readonly Option<int?> Seconds = NumberOption.Positive(
        "--seconds", "N", "End after so long. Default: never.");

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        var command = new Command(
            "load",
            "Write a simulated city's events to Kafka, until Ctrl-C. Drivers on a street grid, trips, "
            + "prices that follow demand, profiles, ratings; with broken and repeated records among them. Missing "
            + "topics are created with the platform's numbers of partitions. It ends "
            + "with a table of what Kafka has of each.")
        {
            PipelineName,
            Peers.Kafka,
            Seconds,
        };
        Flags.AddTo(command);
        command.SetAction(async (parsed, _) => await RunAsync(parsed, stop));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var reader = EnvironmentSettings.Reader(Peers.Environment(parsed));
        var peers = PipelineCatalog.Read([parsed.GetRequiredValue(PipelineName)], reader)[0].Peers;
        UserErrorException.ThrowIfAny(reader.Mistakes);
        var world = Flags.Read(parsed);
        var time = parsed.GetValue(Seconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan;
        using var limit = new CancellationTokenSource(time, TimeProvider.System);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);

        Console.WriteLine(
            $"Simulating {Say.Count(world.Drivers)} drivers at {Say.Rate(world.Rate)} to {peers.Kafka}, "
            + $"{SimulatorFlags.SayAgain(world)}. Ctrl-C ends it.");
        using var simulator = new Simulator(world, peers.Kafka);
        var lines = new LoadLines(simulator.Producer);
        try
        {
            await LoadTopics.UntilKafkaAnswersAsync(peers.Kafka, Console.WriteLine, ending.Token);
            await LoadTopics.CreateMissingAsync(peers.Kafka, peers.PlatformTopics, Console.WriteLine, ending.Token);
            simulator.Start();
            using var everySecond = new PeriodicTimer(TimeSpan.FromSeconds(1), TimeProvider.System);
            while (simulator.Producer.Failure is null && await everySecond.WaitForNextTickAsync(ending.Token))
            {
                lines.Print();
            }
        }
        catch (OperationCanceledException)
        {
            LoadLines.End();
        }

        if (!simulator.IsStarted)
        {
            Console.WriteLine(
                $"Kafka at {peers.Kafka.BootstrapServers} did not answer: nothing was sent. Start it, or name another: "
                + "--kafka HOST:PORT. streamactors check says what is wrong.");
            return 1;
        }

        simulator.Stop();
        Console.Write(Totals(simulator));
        return simulator.Producer is { Refused: 0, Failure: null } && simulator.Unacknowledged == 0 ? 0 : 1;
    }

    private static string Totals(Simulator simulator)
    {
        var table = new TextTable("TOPIC", "RECORDS");
        foreach (var topic in RideShareTopics.All)
        {
            table.Add(topic.Name, Say.Count(simulator.Producer.DeliveredTo(topic)));
        }

        table.Add("total", Say.Count(simulator.Producer.Delivered));
        var text = $"{table}Of these, {Say.Count(simulator.Totals.Malformed)} are malformed and "
            + $"{Say.Count(simulator.Totals.Duplicates)} repeat an earlier one.{Environment.NewLine}";
        if (simulator.Producer.Refused > 0)
        {
            text += $"Kafka refused {Say.Count(simulator.Producer.Refused)} more, the last one with: "
                + $"{simulator.Producer.Refusal}{Environment.NewLine}";
        }

        if (simulator.Unacknowledged > 0)
        {
            text += $"Kafka did not acknowledge {Say.Count(simulator.Unacknowledged)} more within ten seconds."
                + Environment.NewLine;
        }

        if (simulator.Producer.Failure is { } failure)
        {
            text += $"The Kafka producer failed, and the city ended with it: {failure}{Environment.NewLine}";
        }

        return text;
    }
}
