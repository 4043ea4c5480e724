using System.CommandLine;
using System.CommandLine.Parsing;
using StreamActors.Hosting;
using StreamActors.Node.Chaos;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors chaos</c>: real processes on real servers, with faults, and a verdict.</summary>
internal static class ChaosCommand
{
    private static readonly Option<double?> Minutes = NumberOption.Minutes(
        "--minutes", "How long faults strike. Default: 5.");

    private static readonly Option<int?> Seed = NumberOption.Whole(
        "--seed", "N", "Decides which faults strike, whom and when. Default: another one each time.");

    private static readonly Option<int?> Nodes = NumberOption.Between(
        "--nodes", "N", "Node processes. Default: 3.", 2, 20);

    private static readonly Option<int?> Rate = NumberOption.Positive(
        "--rate", "N", "Records a second. Default: 600.", 100_000);

    private static readonly Option<int?> Keys = NumberOption.Positive(
        "--keys", "N", "Keys of each of the two topics. Default: 400.", 100_000);

    // Far above the default: a hand-over that is cut repeats records, and here all share a machine.
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(5);

    private static readonly WorldFlags Servers = new(brokers: 3);

    private static readonly Option<string[]> Faults = new("--fault")
    {
        Description = "Only this fault; may be given again. Default: all. "
            + string.Join(", ", Fault.All.Select(static fault => fault.Name)) + ".",
        HelpName = "NAME",
    };

    private static readonly Option<DirectoryInfo?> Previous = new("--previous")
    {
        Description = "A folder with the previous build (its streamactors.dll), for the fault upgrade: the run begins "
            + "with nodes of that build. eng/previous.sh of the repository makes one.",
        HelpName = "FOLDER",
    };

    private static readonly Option<FileInfo?> Report = new("--report")
    {
        Description = "Also write the verdict to this file, as Markdown.",
        HelpName = "FILE",
    };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        Faults.Validators.Add(RefuseUnknown);
        var command = new Command(
            "chaos",
            "Prove that nothing is lost: nodes, brokers, Redis and the networks between them die, freeze and come "
            + "back. A driver keeps a ledger of what went in and compares it with what came out: losses, duplicates, "
            + "order, and the state of every key. Exit code 0 when every promise was kept, 1 when one broke.")
        {
            Minutes, Seed, Nodes, Rate, Keys, Faults, Previous, Report,
        };
        Servers.AddTo(command);
        command.Subcommands.Add(ChaosNodeCommand.Make());
        command.SetAction((parsed, _) => RunAsync(parsed, stop));
        return command;
    }

    private static void RefuseUnknown(OptionResult result)
    {
        var known = Fault.All.Select(static fault => fault.Name).ToList();
        foreach (var name in result.Tokens.Select(static token => token.Value).Where(name => !known.Contains(name)))
        {
            result.AddError(
                $"There is no fault {name}.{Nearest.Hint(name, known)} Known: {string.Join(", ", known)}.");
        }
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var asked = parsed.GetValue(Faults) is { Length: > 0 } names
            ? Fault.All.Where(fault => names.Contains(fault.Name)).ToList()
            : Fault.All;
        var options = Read(parsed, asked);
        if (options.World.Previous is not null && !asked.Any(static fault => fault.IsUpgrade))
        {
            throw new UserErrorException(
                "--previous is for the fault upgrade, which is not among those of --fault: the run would begin with "
                + "nodes of the previous build, and have nothing else.");
        }

        await using var world = new World(options.World);
        var skipped = asked.Select(fault => new SkippedFault(fault.Name, fault.WhyNot(world) ?? ""))
            .Where(static each => each.Why.Length > 0).ToList();
        options = options with { Faults = [.. asked.Where(fault => fault.WhyNot(world) is null)] };
        if (options.Faults.Count == 0)
        {
            throw new UserErrorException(string.Join(Environment.NewLine, skipped));
        }

        var state = new ChaosState(options);
        Console.WriteLine($"seed {options.Seed}, logs in {world.Folder}");
        var verdict = await ShowAsync(view => new ChaosRun(world, state, () => view.Show(state)).RunAsync(stop));
        var totals = new ChaosTotals(
            TimeProvider.System.GetUtcNow(), state.Age, state.Ledger.Produced, state.History.Outputs);
        var report = new ChaosReport(verdict, options, totals, skipped, await VersionsAsync(world));
        Console.Write(report);
        if (parsed.GetValue(Report) is { } file)
        {
            await File.WriteAllTextAsync(file.FullName, report.ToMarkdown(), CancellationToken.None);
        }

        if (verdict.Breaches.Count > 0)
        {
            return 1;
        }

        world.Forget();
        return 0;
    }

    private static ChaosOptions Read(ParseResult parsed, IReadOnlyList<Fault> faults) => new()
    {
        World = Servers.Read(parsed, parsed.GetValue(Nodes) ?? 3, DrainLimit) with
        {
            Previous = parsed.GetValue(Previous),
        },
        Length = TimeSpan.FromMinutes(parsed.GetValue(Minutes) ?? 5),
        Seed = parsed.GetValue(Seed) ?? (int)(TimeProvider.System.GetTimestamp() & int.MaxValue),
        Rate = parsed.GetValue(Rate) ?? 600,
        Keys = parsed.GetValue(Keys) ?? 400,
        Faults = faults,
    };

    private static async Task<Verdict> ShowAsync(Func<IChaosView, Task<Verdict>> run)
    {
        using IChaosView view = Ink.IsTerminal ? new ChaosScreen() : new ChaosLines();
        return await run(view);
    }

    private static async Task<string> VersionsAsync(World world) =>
        $"Kafka {world.Kafka?.Version ?? "as it was given"}, "
            + $"Redis {await RedisWire.VersionAsync(world.RedisAt.Host, world.RedisAt.Port) ?? "of unknown version"}, "
            + $".NET {Environment.Version}, StreamActors {ThisAssembly.Version}"
            + (world.Previous is { } previous ? $" after {previous.Version}" : "");
}
