namespace StreamActors.Redis;

/// <summary>The save of a shard that is current.</summary>
/// <param name="Save">The save: its owner's token and its number.</param>
/// <param name="Number">The save's number.</param>
/// <param name="Base">The whole save that parts and logs begin with.</param>
internal sealed record CurrentSave(string Save, long Number, string Base);
