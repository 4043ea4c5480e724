using StreamActors.Events;
using StreamActors.Sinks;
using StreamActors.Sources;

namespace StreamActors;

/// <summary>
/// The peers of a pipeline: where it reads from, and the sinks that its targets name. Connector packages add themselves
/// by extension methods, such as <c>AddKafka</c> and <c>AddRedis</c>.
/// </summary>
public sealed class Connectors
{
    private readonly Dictionary<string, Func<string, IEngineEvents, ISink>> sinks = new(StringComparer.Ordinal);

    /// <summary>Where the pipeline reads from; null until a connector sets it.</summary>
    public ISource? Source { get; set; }

    /// <summary>The names of the sinks.</summary>
    public IReadOnlyCollection<string> Sinks => sinks.Keys;

    /// <summary>Adds a sink, or replaces the one of that name.</summary>
    /// <param name="name">The connector name that targets use, such as <c>redis</c>.</param>
    /// <param name="open">Opens the sink for a pipeline, whose name it is given; it connects later, by itself.</param>
    public Connectors AddSink(string name, Func<string, IEngineEvents, ISink> open)
    {
        sinks[name] = open;
        return this;
    }

    /// <summary>Opens a sink for a pipeline.</summary>
    public ISink Open(string name, string pipeline, IEngineEvents events) => sinks[name](pipeline, events);
}
