using System.CommandLine;
using StreamActors.Node.Bench;
using StreamActors.Node.Chaos;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors bench handover</c>: how long a partition is silent when nodes come, go and die.</summary>
internal static class HandoverCommand
{
    private static readonly Option<int?> Entities = NumberOption.Positive(
        "--entities", "N", "Entities of each shard. Default: 1,000.", 10_000);

    private static readonly Option<int?> Rate = NumberOption.Positive(
        "--rate", "N", "Records a second. Default: 2,000.", 100_000);

    private static readonly Option<int?> Times = NumberOption.Positive(
        "--times", "N", "How often a node joins, leaves and dies. Default: 3.", 100);

    private static readonly WorldFlags Servers = new(brokers: 1);

    private static readonly Option<bool> Defaults = new("--defaults")
    {
        Description = "Measure with a broker's own heartbeat and session time-out (5 s, 45 s) too.",
    };

    private static readonly Option<FileInfo?> Json = new("--json")
    {
        Description = "Also write the figures to this file, as JSON.",
    };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        var command = new Command(
            "handover",
            "Measure how long a partition is silent when a node joins, leaves or dies. Node processes on a real Kafka, "
            + "with state in Redis.")
        {
            Entities, Rate, Times, Defaults, Json,
        };
        Servers.AddTo(command);
        command.SetAction(async (parsed, _) =>
        {
            var options = new HandoverOptions
            {
                World = Servers.Read(parsed, nodes: 2, drainLimit: null),
                Entities = parsed.GetValue(Entities) ?? 1_000,
                Rate = parsed.GetValue(Rate) ?? 2_000,
                Times = parsed.GetValue(Times) ?? 3,
                Defaults = parsed.GetValue(Defaults),
            };
            await using var world = new World(options.World);
            var run = new HandoverRun(world, options, static line => Console.Error.WriteLine($"bench: {line}"));
            var report = new HandoverReport(await run.RunAsync(stop), options);
            await Console.Out.WriteAsync(report.ToString());
            if (parsed.GetValue(Json) is { } file)
            {
                await File.WriteAllBytesAsync(file.FullName, report.ToJson(), stop);
            }

            world.Forget();
            return 0;
        });
        return command;
    }
}
