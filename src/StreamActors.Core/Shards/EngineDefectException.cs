namespace StreamActors.Shards;

/// <summary>
/// The engine broke a promise to itself. It is never taken for a mistake of user code: the shard starts again from
/// what is committable, where a record that is given up would be lost.
/// </summary>
internal sealed class EngineDefectException(string message) : Exception(message);
