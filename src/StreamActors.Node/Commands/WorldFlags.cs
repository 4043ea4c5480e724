using System.CommandLine;
using StreamActors.Node.Chaos;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Commands;

/// <summary>The options that say which servers a run has, or where they are started from.</summary>
/// <param name="brokers">Brokers, where they are started.</param>
internal sealed class WorldFlags(int brokers)
{
    private static readonly TimeSpan CommitInterval = TimeSpan.FromSeconds(1);

    private readonly Option<string?> kafka = new("--kafka")
    {
        Description = "A Kafka that runs already, without a log-in: then none of its brokers dies. Default: its own, "
            + $"brokers: {brokers}.",
        HelpName = "HOST:PORT",
        CustomParser = HostPort.ParseList,
    };

    private readonly Option<string?> kafkaHome = new("--kafka-home")
    {
        Description = "A distribution of Apache Kafka, for brokers of its own. Default: KAFKA_HOME.",
        HelpName = "FOLDER",
    };

    private readonly Option<HostPort?> redis = new("--redis")
    {
        Description = "A Redis that runs already, without a log-in: then it does not die. Default: one of its own, "
            + "with a replica.",
        HelpName = "HOST:PORT",
        CustomParser = HostPort.Parse,
    };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(kafka);
        command.Options.Add(kafkaHome);
        command.Options.Add(redis);
    }

    /// <summary>What they say; the run gets a name of its own.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="nodes">Node processes.</param>
    /// <param name="drainLimit">How long a hand-over may take; null = the pipeline's default.</param>
    public WorldOptions Read(ParseResult parsed, int nodes, TimeSpan? drainLimit) => new()
    {
        Kafka = parsed.GetValue(kafka),
        KafkaHome = parsed.GetValue(kafkaHome) ?? Environment.GetEnvironmentVariable("KAFKA_HOME"),
        Brokers = brokers,
        Redis = parsed.GetValue(redis),
        Nodes = nodes,
        Run = $"chaos-{Guid.NewGuid().ToString("N")[..8]}",
        DrainLimit = drainLimit,
        CommitInterval = CommitInterval,
    };
}
