using System.CommandLine;
using StreamActors.Hosting;
using StreamActors.Node.State;
using StreamActors.Redis;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors state …</c>: looks at the state that Redis keeps, copies and deletes it.</summary>
internal static class StateCommand
{
    /// <summary>Whether a command that changes something does so.</summary>
    public static Option<bool> Yes { get; } = new("--yes")
    {
        Description = "Do it. Without it, the command says what it would do, and changes nothing.",
    };

    /// <summary>JSON for programs.</summary>
    public static Option<bool> Json { get; } = new("--json") { Description = "JSON instead of tables." };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop) => new(
        "state",
        "Look at the state that Redis keeps for pipelines; copy, put back or delete it. The log-in is that of the "
        + "environment. Exit code 0 when it is done, 1 when it is refused or failed, 2 when the command line is wrong.")
    {
        StateListCommand.Make(stop),
        StateShowCommand.Make(stop),
        StateExportCommand.Make(stop),
        StateImportCommand.Make(stop),
        StateDeleteCommand.Make(stop),
    };

    /// <summary>The sentence for a group without state, with those that have some.</summary>
    public static RefusedException NoState(PipelineGroup of, ShardChoice which, IEnumerable<string> groups)
    {
        var known = groups.Distinct().Order(StringComparer.Ordinal).ToList();
        return new RefusedException(
            $"There is no state of {of}{which} in redis {of.Peers.Redis.Endpoint}, database {of.Peers.Redis.Database}."
            + Nearest.Hint(of.Group, known)
            + (known.Count == 0
                ? " It keeps the state of no group."
                : $" Groups with state: {string.Join(", ", known)}."));
    }

    /// <summary>All shards of a group that are asked for, measured; and whether others have any.</summary>
    /// <exception cref="RefusedException">There are none.</exception>
    public static async Task<IReadOnlyList<ShardReport>> ReportAsync(
        RedisStateAdmin admin, PipelineGroup of, ShardChoice which, CancellationToken stop)
    {
        using var progress = new Cli.Progress();
        var inventory = new StateInventory(admin);
        var all = await inventory.FindAsync("", ShardChoice.All, progress.Say, stop);
        var own = all.Where(shard => (of.Group.Length == 0 || shard.Group == of.Group) && which.Takes(shard)).ToList();
        return own.Count > 0 || of.Group.Length == 0
            ? await inventory.ReportAsync(own, progress.Say, stop)
            : throw NoState(of, which, all.Select(static shard => shard.Group));
    }
}
