using System.CommandLine;
using StreamActors.Hosting;
using StreamActors.Pipelines.RideShare;

namespace StreamActors.Node.State;

/// <summary>
/// Whose state and offsets a command is about: a built-in pipeline, or the group of one in a host of the user's own.
/// </summary>
/// <param name="Name">As it was asked for; empty for all.</param>
/// <param name="Group">The consumer group.</param>
/// <param name="Peers">Where its state and its offsets are.</param>
internal sealed record PipelineGroup(string Name, string Group, PipelinePeers Peers)
{
    // A person waits longer than a node may.
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <summary>What it is called on the command line.</summary>
    public static Argument<string> Argument { get; } = new("pipeline")
    {
        Description = $"Whose: {string.Join(", ", PipelineCatalog.Names)}, or the consumer group of a pipeline in a "
            + "host of your own: its name, unless it sets a GroupId.",
    };

    /// <summary>Whether it is built in: then its topics are known.</summary>
    public bool IsBuiltIn => PipelineCatalog.Names.Contains(Name);

    /// <summary>What the command line names, with the settings of the environment.</summary>
    /// <exception cref="UserErrorException">A setting is wrong.</exception>
    public static PipelineGroup Read(ParseResult parsed, string? name)
    {
        var reader = EnvironmentSettings.Reader(Cli.Peers.Environment(parsed));
        var settings = RideShareSettings.Read(reader);
        UserErrorException.ThrowIfAny(reader.Mistakes);
        var group = name == RideSharePipeline.Name ? settings.GroupId : name ?? "";
        var peers = PipelineCatalog.RideShare(settings).Peers;
        return new PipelineGroup(
            name ?? "", group, peers with { Redis = peers.Redis with { ConnectTimeout = ConnectTimeout } });
    }

    /// <summary>As messages name it.</summary>
    public override string ToString() => IsBuiltIn ? $"{Name} (group {Group})" : Group;
}
