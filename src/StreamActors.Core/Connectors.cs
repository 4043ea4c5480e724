using StreamActors.Configuration;
using StreamActors.Sinks;
using StreamActors.Sources;

namespace StreamActors;

/// <summary>
/// The peers of a pipeline: where it reads from, and the sinks that its targets name. Connector packages add themselves
/// by extension methods, such as <c>AddKafka</c> and <c>AddRedis</c>.
/// </summary>
public sealed class Connectors
{
    private readonly Dictionary<string, Connector> all = new(StringComparer.Ordinal);

    /// <summary>The connectors.</summary>
    internal IReadOnlyCollection<Connector> All => all.Values;

    /// <summary>Adds a connector, or replaces the one of that name.</summary>
    internal Connectors Add(Connector connector)
    {
        ArgumentNullException.ThrowIfNull(connector);
        all[connector.Name] = connector;
        return this;
    }

    /// <summary>Adds a sink of the program's own; what it is made of comes from the host's services.</summary>
    /// <typeparam name="TSink">
    /// The sink: registered with the host, or made for each pipeline with what its constructor asks for.
    /// </typeparam>
    /// <param name="name">The connector name that targets use.</param>
    public Connectors AddSink<TSink>(string name)
        where TSink : class, ISink => Add(new Connector(name, _ => new Peer
        {
            Sink = static (_, services) =>
            {
                var scope = services.Scopes.Open();
                return new ScopedSink(scope, static scope => scope.Make<TSink>(), isOurs: false);
            },
        }));

    /// <summary>Adds a sink of the program's own.</summary>
    /// <param name="name">The connector name that targets use.</param>
    /// <param name="make">Makes the sink of a pipeline, which is disposed with it.</param>
    public Connectors AddSink(string name, Func<IScope, ISink> make) => Add(new Connector(name, _ => new Peer
    {
        Sink = (_, services) => new ScopedSink(services.Scopes.Open(), make, isOurs: true),
    }));
}

/// <summary>A kind of peer, such as Kafka.</summary>
/// <param name="Name">The name that targets, pages and logs use, such as <c>kafka</c>.</param>
/// <param name="Read">
/// Reads its settings over those of the code, checks them, and says how it is opened; mistakes are the reader's. Called
/// before anything is opened, and again when the configuration changes; it connects to nothing.
/// </param>
internal sealed record Connector(string Name, Func<SettingsReader, Peer> Read)
{
    /// <summary>The section of its settings: its name, or as its package spells it.</summary>
    public string Section { get; init; } = Name;
}

/// <summary>
/// How a pipeline, whose name is given, opens a peer. What is opened connects later, by itself, and is closed with the
/// pipeline.
/// </summary>
internal sealed record Peer
{
    /// <summary>Opens it to read from; null where that cannot be.</summary>
    public Func<string, EngineServices, ISource>? Source { get; init; }

    /// <summary>Opens it to emit to; null where that cannot be.</summary>
    public Func<string, EngineServices, ISink>? Sink { get; init; }
}
