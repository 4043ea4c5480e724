namespace StreamActors.Pipelines;

/// <summary>A <c>MapAsync</c> step as it was composed.</summary>
/// <param name="name">Its name in settings and logs.</param>
/// <param name="options">How the code has it.</param>
internal sealed class MapDefinition(string name, MapAsyncOptions options)
{
    /// <summary>Its name in settings and logs.</summary>
    public string Name { get; } = name;

    /// <summary>How it calls: as the code has it, until configuration is applied.</summary>
    public MapAsyncOptions Options { get; set; } = options;
}
