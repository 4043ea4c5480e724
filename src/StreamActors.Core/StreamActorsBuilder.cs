using StreamActors.Configuration;
using StreamActors.Sinks;

namespace StreamActors;

/// <summary>Collects the pipelines of a node and the peers that they share.</summary>
public sealed class StreamActorsBuilder
{
    private readonly List<PipelineRegistration> pipelines = [];

    internal StreamActorsBuilder()
    {
    }

    /// <summary>The host's registrations of services, of a type that Hosting knows; null = there is no host.</summary>
    internal object? Registrations { get; init; }

    /// <summary>The peers of every pipeline that does not bring its own.</summary>
    internal Connectors Connectors { get; } = new();

    /// <summary>The pipelines.</summary>
    internal IReadOnlyList<PipelineRegistration> Pipelines => pipelines;

    /// <summary>Adds a pipeline.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="define">Composes it.</param>
    /// <param name="connectors">
    /// Its own peers, whose settings stand in sections of the pipeline's; without them, it has the node's.
    /// </param>
    /// <param name="settings">
    /// What it has read its settings with, by names of its own: the node's configuration then says nothing of it, and
    /// the reader's mistakes are the host's. Without it, the configuration says.
    /// </param>
    public StreamActorsBuilder AddPipeline(
        string name,
        Action<PipelineBuilder> define,
        Connectors? connectors = null,
        SettingsReader? settings = null)
    {
        pipelines.Add(new PipelineRegistration(name, define) { Connectors = connectors, OwnSettings = settings });
        return this;
    }

    /// <inheritdoc cref="Connectors.AddSink{TSink}(string)"/>
    public StreamActorsBuilder AddSink<TSink>(string name)
        where TSink : class, ISink
    {
        Connectors.AddSink<TSink>(name);
        return this;
    }

    /// <inheritdoc cref="Connectors.AddSink(string, Func{IScope, ISink})"/>
    public StreamActorsBuilder AddSink(string name, Func<IScope, ISink> make)
    {
        Connectors.AddSink(name, make);
        return this;
    }

    /// <inheritdoc cref="Connectors.AddSink{TOptions}(string, TOptions, Func{SettingsReader, TOptions, TOptions},
    /// Func{TOptions, IScope, ISink})"/>
    public StreamActorsBuilder AddSink<TOptions>(
        string name,
        TOptions? options,
        Func<SettingsReader, TOptions, TOptions> read,
        Func<TOptions, IScope, ISink> make)
        where TOptions : class, new()
    {
        Connectors.AddSink(name, options, read, make);
        return this;
    }
}

/// <summary>A pipeline that a node runs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Define">Composes it.</param>
internal sealed record PipelineRegistration(string Name, Action<PipelineBuilder> Define)
{
    /// <summary>Its own peers; null = the node's.</summary>
    public Connectors? Connectors { get; init; }

    /// <summary>What it has read its settings with; null = the node's configuration says.</summary>
    public SettingsReader? OwnSettings { get; init; }
}
