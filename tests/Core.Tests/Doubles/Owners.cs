using StreamActors.Shards;
using StreamActors.Sources;

namespace StreamActors.Core.Tests.Doubles;

/// <summary>Owners of shards whose membership nobody doubts.</summary>
internal static class Owners
{
    /// <summary>A new one.</summary>
    public static Ownership New() => new(new Epoch(new Membership(), static () => 0));
}
