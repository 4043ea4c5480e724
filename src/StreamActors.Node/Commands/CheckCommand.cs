using System.CommandLine;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Node.Cli;
using StreamActors.Pipelines.RideShare;
using StreamActors.Redis;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors check [PIPELINE…]</c>: would they run here, with these settings?</summary>
internal static class CheckCommand
{
    private static readonly Argument<string[]> PipelineNames = new("pipeline")
    {
        Description = $"What to check: {string.Join(", ", PipelineCatalog.Names)}. Default: {RideSharePipeline.Name}.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        var command = new Command(
            "check",
            "Look whether pipelines would run here, with the settings of this environment. Kafka and its log-in, the "
            + "topics, Redis and its rights, the ports: a line each, with the remedy. It changes nothing. Exit code 0 "
            + "when all is well, 1 when something is not.")
        {
            PipelineNames,
        };
        command.SetAction(async (parsed, _) => await RunAsync(
            parsed.GetValue(PipelineNames) is { Length: > 0 } names ? names : [RideSharePipeline.Name], stop));
        return command;
    }

    private static async Task<int> RunAsync(string[] names, CancellationToken stop)
    {
        var reader = EnvironmentSettings.Reader();
        var pipelines = PipelineCatalog.Read(names, reader);
        var settings = NodeSettings.Read(reader);
        UserErrorException.ThrowIfAny(reader.Mistakes);

        var bad = 0;
        foreach (var (name, _, peers) in pipelines)
        {
            Console.WriteLine(Ink.Strong(name));
            var kafka = KafkaCheck.RunAsync(peers.Kafka, peers.Topics, stop);
            var redis = RedisCheck.RunAsync(peers.Redis, peers.Channels, TimeProvider.System, stop);
            bad += Print(await kafka);
            bad += Print(await redis);
        }

        Console.WriteLine(Ink.Strong("this machine"));
        bad += Print(PortCheck.Run(settings));
        Console.WriteLine();
        Console.WriteLine(bad == 0 ? "All is well." : bad == 1 ? "One thing to mend." : $"{bad} things to mend.");
        return bad == 0 ? 0 : 1;
    }

    private static int Print(IEnumerable<Finding> findings)
    {
        var bad = 0;
        foreach (var finding in findings)
        {
            Console.WriteLine($"  {(finding.Ok ? Ink.Good("✔") : Ink.Bad("✘"))} {Sentence(finding.Sentence)}");
            if (finding.Remedy.Length > 0)
            {
                Console.WriteLine($"      → {Sentence(finding.Remedy)}");
            }

            bad += finding.Ok ? 0 : 1;
        }

        return bad;
    }

    private static string Sentence(string text) => char.ToUpperInvariant(text[0]) + text[1..].TrimEnd('.') + ".";
}
