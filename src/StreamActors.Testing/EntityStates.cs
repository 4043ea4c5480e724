using StreamActors.Entities;
using StreamActors.Snapshots;

namespace StreamActors.Testing;

/// <summary>Finds the states of entities in the shards of a process.</summary>
internal static class EntityStates
{
    /// <summary>The states of a type under a key, with the names of their kinds.</summary>
    public static IReadOnlyList<(string Entity, TState State)> Find<TState>(
        IEnumerable<IStateful> parts, string key, string[] subKeys)
    {
        var found = new List<(string Entity, TState State)>();
        var entityKey = EntityKey.Of(key, subKeys);
        foreach (var kind in parts.OfType<IEntityStates<TState>>())
        {
            if (kind.TryGet(entityKey, out var state))
            {
                found.Add((kind.Name, state));
            }
        }

        return found;
    }
}
