using StreamActors.Configuration;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Sources;

namespace StreamActors;

/// <summary>
/// The peers of a pipeline: where it reads from, and the sinks that its targets name. Connector packages add themselves
/// by extension methods, such as <c>AddKafka</c> and <c>AddRedis</c>.
/// </summary>
public sealed class Connectors
{
    /// <summary>Sections that a pipeline's settings or the node's have already.</summary>
    private static readonly string[] OtherSections = ["Pipelines", "Limits", "Timing", "Maps"];

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
        where TSink : class, ISink => Add(WithoutSettings(name, static services =>
            new ScopedSink(services.Scopes.Open(), static scope => scope.Make<TSink>(), isOurs: false)));

    /// <summary>Adds a sink of the program's own.</summary>
    /// <param name="name">The connector name that targets use.</param>
    /// <param name="make">Makes the sink of a pipeline, which is disposed with it.</param>
    public Connectors AddSink(string name, Func<IScope, ISink> make) => Add(WithoutSettings(
        name, services => new ScopedSink(services.Scopes.Open(), make, isOurs: true)));

    /// <summary>
    /// Adds a sink of the program's own, or of a package, that has settings: those of the section that is called as it
    /// is, with a capital (<c>search</c>: <c>StreamActors:Search</c>), win over those of the code. Their mistakes are
    /// told at the start with all others, <c>--print-config</c> shows them, and a change of one needs a restart.
    /// </summary>
    /// <typeparam name="TOptions">Its options; a new one has the defaults.</typeparam>
    /// <param name="name">The connector name that targets use.</param>
    /// <param name="options">What the code sets; null = the defaults.</param>
    /// <param name="read">
    /// Reads each option over the one that the code gives, and tells the reader what is wrong. Called before anything
    /// is opened, and again when the configuration changes; it connects to nothing.
    /// </param>
    /// <param name="make">Makes the sink of a pipeline, which is disposed with it.</param>
    public Connectors AddSink<TOptions>(
        string name,
        TOptions? options,
        Func<SettingsReader, TOptions, TOptions> read,
        Func<TOptions, IScope, ISink> make)
        where TOptions : class, new() => Add(new Connector(name, reader =>
        {
            var effective = reader.Over(options ?? new TOptions(), new TOptions(), read);
            return new Peer
            {
                Sink = (_, services) =>
                    new ScopedSink(services.Scopes.Open(), scope => make(effective, scope), isOurs: true),
            };
        })
        {
            Section = SectionOf(name),
        });

    private static Connector WithoutSettings(string name, Func<EngineServices, ISink> open) =>
        new(name, _ => new Peer { Sink = (_, services) => open(services) })
        {
            Section = SectionOf(name),
            HasSettings = false,
        };

    private static string SectionOf(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var section = char.ToUpperInvariant(name[0]) + name[1..];
        return section.Contains(':', StringComparison.Ordinal)
            || OtherSections.Contains(section, StringComparer.OrdinalIgnoreCase)
            ? throw new ArgumentException(
                $"A sink is named \"{name}\": its settings would stand where others do. A name has no colon, and is "
                + $"none of {string.Join(", ", OtherSections)}.",
                nameof(name))
            : section;
    }
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

    /// <summary>Whether it reads any setting.</summary>
    public bool HasSettings { get; init; } = true;
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

    /// <summary>Opens it to keep state; null where that cannot be.</summary>
    public Func<string, EngineServices, IStateStore>? Store { get; init; }

    /// <summary>The bytes that its client has read of a partition at most, and nobody has taken yet.</summary>
    public long BytesPerPartition { get; init; }

    /// <summary>The bytes that its client keeps at most of what a pipeline gave it to send.</summary>
    public long BytesToSend { get; init; }
}
