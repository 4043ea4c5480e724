namespace StreamActors;

/// <summary>What <see cref="PipelineBuilder.Store"/> can say besides a connector's name.</summary>
public static class Store
{
    /// <summary>The connector that can keep state, where there is one; else none.</summary>
    public const string Auto = "auto";

    /// <summary>None: state is in memory alone, and is forgotten when a shard ends.</summary>
    public const string None = "none";
}
