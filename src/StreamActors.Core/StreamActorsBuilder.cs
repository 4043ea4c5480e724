namespace StreamActors;

/// <summary>Collects the pipelines of a node and the peers that they share.</summary>
public sealed class StreamActorsBuilder
{
    private readonly List<PipelineRegistration> pipelines = [];

    /// <summary>The peers of every pipeline that does not bring its own.</summary>
    public Connectors Connectors { get; } = new();

    /// <summary>The pipelines.</summary>
    public IReadOnlyList<PipelineRegistration> Pipelines => pipelines;

    /// <summary>Adds a pipeline.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="define">Composes it.</param>
    /// <param name="connectors">Its own peers; without them, it has the node's.</param>
    public StreamActorsBuilder AddPipeline(
        string name, Action<PipelineBuilder> define, Connectors? connectors = null)
    {
        pipelines.Add(new PipelineRegistration(name, define, connectors ?? Connectors));
        return this;
    }
}

/// <summary>A pipeline that a node runs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Define">Composes it.</param>
/// <param name="Connectors">Its peers.</param>
public sealed record PipelineRegistration(string Name, Action<PipelineBuilder> Define, Connectors Connectors);
