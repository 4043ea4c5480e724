namespace StreamActors.Events;

/// <summary>
/// Where the engine and its connectors say what happened, for a log. Any thread may call it; it never throws and never
/// blocks. Nothing is reported per record, timer or output: what befalls these is reported with a count, at most once
/// in ten seconds a kind: of what a route gives up by all its shards together, of all else by a shard.
/// </summary>
internal interface IEngineEvents
{
    /// <summary>Takes note of an event.</summary>
    void Report(EngineEvent happened);
}
