namespace StreamActors.Sinks;

/// <summary>
/// By what a sink that is the store of its shard's state too can tell that the shard has another owner by now.
/// </summary>
/// <param name="Store">The store's name.</param>
/// <param name="Shard">The shard's name there.</param>
/// <param name="Token">The token of the owner whose outputs they are.</param>
internal sealed record OutputFence(string Store, string Shard, long Token);
