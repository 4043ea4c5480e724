using System.CommandLine;
using StreamActors.Node.Cli;
using StreamActors.Node.State;
using StreamActors.Redis;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors state import FILE</c>: puts an export back, with the offsets that belong to it.</summary>
internal static class StateImportCommand
{
    private static readonly Argument<string> FileName = new("file")
    {
        Description = "A file of streamactors state export.",
    };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        var command = new Command(
            "import",
            "Put an export back in the place of what Redis has of its shards. Then the group's offsets are committed "
            + "where the imported state goes on, so that records since are handled again, each once. All checksums are "
            + "looked at first; it is refused while the group has members. Shards that the file does not have stay as "
            + "they are. Interrupted, it is done again by the same command.")
        {
            FileName, ShardChoice.Option, Peers.Kafka, Peers.Redis, StateCommand.Yes,
        };
        command.SetAction((parsed, _) => RunAsync(parsed, stop));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var which = new ShardChoice(parsed.GetValue(ShardChoice.Option));
        using var progress = new Progress();
        using var file = await StateFileReader.ReadAsync(
            parsed.GetRequiredValue(FileName), (at, all) => progress.Say($"{at:N0} of {all:N0} bytes checked"), stop);
        var of = PipelineGroup.Read(parsed, file.Group);
        var chosen = file.Shards.Where(shard => which.Takes(new StoredShard(shard.Shard))).ToList();
        if (chosen.Count == 0)
        {
            throw new RefusedException($"{file.Path} has nothing{which}: it has "
                + $"{string.Join(", ", file.Shards.Select(static shard => new StoredShard(shard.Shard).Name))}.");
        }

        await using var admin = new RedisStateAdmin(of.Peers.Redis, TimeProvider.System);
        using var kafka = new GroupView(of.Peers.Kafka, of.Group);
        var members = await kafka.MembersAsync(stop);
        var now = await admin.LookAsync([.. chosen.Select(static shard => shard.Shard)], stop);
        var changes = now.Zip(chosen, static (shard, import) => new ShardChange(shard, import)).ToList();
        var moves = await ImportPlan.MovesAsync(kafka, chosen, stop);
        progress.Dispose();
        Console.WriteLine(
            $"{file.Path}: {Say.Of(chosen.Count, "shard")} of {of.Group}, exported {Say.Moment(file.ExportedAt)}; "
            + "every checksum is right.");
        if (!parsed.GetValue(StateCommand.Yes))
        {
            Console.Write(ImportPlan.Table(changes));
            Console.Write(PlanPage.Offsets(moves));
            Console.WriteLine(PlanPage.DryRun(of.Group, members));
            return 0;
        }

        await new GroupChange(of.Group, kafka, admin, changes, moves).RunAsync(Console.WriteLine, stop);
        return 0;
    }
}
