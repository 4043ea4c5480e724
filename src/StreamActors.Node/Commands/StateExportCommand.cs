using System.CommandLine;
using StreamActors.Node.Cli;
using StreamActors.Node.State;
using StreamActors.Redis;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors state export PIPELINE FILE</c>: a copy of the state, each shard as of one save.</summary>
internal static class StateExportCommand
{
    private static readonly Argument<string> FileName = new("file")
    {
        Description = "Where to write; it must not exist.",
    };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        var command = new Command(
            "export",
            "Copy the state of a pipeline into a file. Each shard is of one save, with the positions where reading "
            + "goes on; a node may run meanwhile, unless it saves faster than a shard can be read. It changes nothing "
            + "in Redis. The file has the entities as they are: keep it as safe as the topics.")
        {
            PipelineGroup.Argument, FileName, ShardChoice.Option, Peers.Redis,
        };
        command.SetAction((parsed, _) => RunAsync(parsed, stop));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var of = PipelineGroup.Read(parsed, parsed.GetRequiredValue(PipelineGroup.Argument));
        var which = new ShardChoice(parsed.GetValue(ShardChoice.Option));
        var path = parsed.GetRequiredValue(FileName);
        await using var admin = new RedisStateAdmin(of.Peers.Redis, TimeProvider.System);
        var all = await admin.ShardsAsync(null, stop);
        var shards = all.Where(name => new StoredShard(name) is var shard
            && shard.Group == of.Group && which.Takes(shard)).ToList();
        if (shards.Count == 0)
        {
            throw StateCommand.NoState(of, which, all.Select(static name => new StoredShard(name).Group));
        }

        try
        {
            await WriteAsync(of, path, admin, shards, stop);
        }
        catch (OperationCanceledException error)
        {
            throw new RefusedException($"It was interrupted: {path} was not written.", error);
        }

        return 0;
    }

    private static async Task WriteAsync(
        PipelineGroup of, string path, RedisStateAdmin admin, IReadOnlyList<string> shards, CancellationToken stop)
    {
        using var progress = new Progress();
        await using var writer = new StateFileWriter(path);
        var export = new StateExport(admin, writer, TimeProvider.System);
        await writer.BeginAsync(
            new FileFrame(of.Group, TimeProvider.System.GetUtcNow(), ThisAssembly.Version), stop);
        var written = new List<EndFrame>();
        foreach (var shard in shards)
        {
            if (await export.WriteAsync(shard, progress.Say, stop) is { } end)
            {
                written.Add(end);
            }
        }

        if (written.Count == 0)
        {
            throw new RefusedException($"Nothing is saved of {of}: there is nothing to export.");
        }

        await writer.EndAsync(stop);
        Console.WriteLine(
            $"{path}: {Say.Of(written.Count, "shard")} of {of}, {Say.Of(written.Sum(static end => end.Keys), "key")}, "
            + $"{Say.Bytes(written.Sum(static end => end.Bytes))}."
            + (written.Count < shards.Count ? $" {shards.Count - written.Count} more have nothing saved." : ""));
    }
}
