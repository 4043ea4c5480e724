using System.CommandLine;
using StreamActors.Node.State;
using StreamActors.Redis;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors state delete PIPELINE</c>: the pipeline forgets, and goes on where it was.</summary>
internal static class StateDeleteCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        var command = new Command(
            "delete",
            "Delete the state of a pipeline, or of some of its shards, which begin empty where the group's offsets "
            + "are. The commits lose the mark that a store has state for them; the offsets stay. Of each shard its "
            + "fence stays, some 200 bytes, so that no process of before brings the state back. It is refused while "
            + "the group has members. Interrupted, it is done again by the same command. To go back in the topics "
            + "as well: streamactors reset.")
        {
            PipelineGroup.Argument, ShardChoice.Option, Cli.Peers.Kafka, Cli.Peers.Redis, StateCommand.Yes,
        };
        command.SetAction((parsed, _) => RunAsync(parsed, stop));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var of = PipelineGroup.Read(parsed, parsed.GetRequiredValue(PipelineGroup.Argument));
        var which = new ShardChoice(parsed.GetValue(ShardChoice.Option));
        await using var admin = new RedisStateAdmin(of.Peers.Redis, TimeProvider.System);
        using var kafka = new GroupView(of.Peers.Kafka, of.Group);
        var members = await kafka.MembersAsync(stop);
        var all = await StateCommand.ReportAsync(admin, of, ShardChoice.All, stop);
        var chosen = all.Where(shard => which.Takes(shard.Stored)).ToList();
        if (chosen.Count == 0)
        {
            throw StateCommand.NoState(of, which, [of.Group]);
        }

        var deleted = chosen.Where(static shard => !shard.IsEmpty).ToList();
        var moves = Deletion.Unmark(all, chosen, await kafka.PartitionsAsync(await kafka.TopicsAsync(stop), stop));
        if (deleted.Count == 0 && moves.Count == 0)
        {
            Console.WriteLine($"There is nothing to delete of {of}{which}.");
            return 0;
        }

        if (!parsed.GetValue(StateCommand.Yes))
        {
            Console.Write(PlanPage.Deleted(deleted));
            Console.Write(PlanPage.Offsets(moves));
            Console.WriteLine(PlanPage.DryRun(of.Group, members));
            return 0;
        }

        var changes = deleted.Select(static shard => new ShardChange(shard.Stored, Import: null)).ToList();
        await new GroupChange(of.Group, kafka, admin, changes, moves).RunAsync(Console.WriteLine, stop);
        return 0;
    }
}
