using System.CommandLine;
using StreamActors.Node.Cli;
using StreamActors.Node.State;
using StreamActors.Redis;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors reset PIPELINE --to …</c>: moves offsets and state together.</summary>
internal static class ResetCommand
{
    private static readonly Option<ResetTarget?> To = new("--to")
    {
        Description = "Where the group is to begin: earliest, latest, an offset (of every partition, as far as it has "
            + "it), or a time with its zone, such as 2026-01-31T12:00:00Z.",
        HelpName = "earliest|latest|TIME|OFFSET",
        CustomParser = ResetTarget.Parse,
        Required = true,
    };

    private static readonly Option<string?> Topics = new("--topics")
    {
        Description = "Only these topics, separated by commas. Default: all that the group has committed offsets of, "
            + "and of a built-in pipeline all that it reads.",
        HelpName = "TOPIC,…",
    };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        var command = new Command(
            "reset",
            "Move the offsets of a pipeline's group, and delete the state that belongs to where they were: kept, it "
            + "would go on where it ends, whatever is committed. It is refused while the group has members. Topics of "
            + "Repartition move to their end, since their records come anew. To go back with the state of then: "
            + "streamactors state import. Interrupted, it is done again by the same command.")
        {
            PipelineGroup.Argument, To, Topics, Peers.Kafka, Peers.Redis, StateCommand.Yes,
        };
        command.SetAction((parsed, _) => RunAsync(parsed, stop));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var of = PipelineGroup.Read(parsed, parsed.GetRequiredValue(PipelineGroup.Argument));
        await using var admin = new RedisStateAdmin(of.Peers.Redis, TimeProvider.System);
        using var kafka = new GroupView(of.Peers.Kafka, of.Group);
        var members = await kafka.MembersAsync(stop);
        var topics = await TopicsAsync(parsed, of, kafka, stop);
        var plan = await ResetPlan.MakeAsync(
            kafka, await ShardsAsync(admin, of, stop), topics, parsed.GetRequiredValue(To)!, stop);
        Console.Write(PlanPage.Offsets(plan.Moves));
        if (!parsed.GetValue(StateCommand.Yes))
        {
            Console.WriteLine();
            Console.Write(PlanPage.Deleted(plan.Deleted));
            Console.WriteLine(PlanPage.DryRun(of.Group, members));
            return 0;
        }

        var changes = plan.Deleted.Select(static shard => new ShardChange(shard.Stored, Import: null)).ToList();
        await new GroupChange(of.Group, kafka, admin, changes, plan.Moves).RunAsync(Console.WriteLine, stop);
        return 0;
    }

    private static async Task<IReadOnlyList<ShardReport>> ShardsAsync(
        RedisStateAdmin admin, PipelineGroup of, CancellationToken stop)
    {
        using var progress = new Progress();
        var inventory = new StateInventory(admin);
        var shards = await inventory.FindAsync(of.Group, ShardChoice.All, progress.Say, stop);
        return await inventory.ReportAsync(shards, progress.Say, stop);
    }

    private static async Task<ResetTopics> TopicsAsync(
        ParseResult parsed, PipelineGroup of, GroupView kafka, CancellationToken stop)
    {
        if (parsed.GetValue(Topics) is { } named)
        {
            return new ResetTopics(
                named.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
                AreAll: false);
        }

        var committed = await kafka.TopicsAsync(stop);
        var topics = of.IsBuiltIn ? committed.Union(of.Peers.Reads).ToList() : committed;
        return topics.Count > 0 ? new ResetTopics(topics, AreAll: true) : throw new RefusedException(
            $"The group {of.Group} has no committed offsets at {of.Peers.Kafka.BootstrapServers}, so its topics are "
            + "not known. Check its name, or say them: --topics TOPIC,….");
    }
}
