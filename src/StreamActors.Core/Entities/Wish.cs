using StreamActors.Parked;

namespace StreamActors.Entities;

/// <summary>An entity whose state somebody waits for. Owned by the shard: only its turn touches it.</summary>
/// <param name="key">The entity's key.</param>
internal sealed class Wish(byte[] key)
{
    /// <summary>The entity's key.</summary>
    public ReadOnlyMemory<byte> Key { get; } = key;

    /// <summary>The first of its records that are parked; null where there is none.</summary>
    public ParkedRecord? Next { get; set; }

    /// <summary>
    /// Whether it was certain that the key was counted among those that are away: after a restore it may be one that
    /// was not read yet.
    /// </summary>
    public required bool IsCounted { get; init; }

    /// <summary>Whether the store has answered.</summary>
    public bool IsAnswered { get; private set; }

    /// <summary>The state, once it is answered; null where the store has none.</summary>
    public ReadOnlyMemory<byte>? Value { get; private set; }

    /// <summary>Whether the answer was taken over.</summary>
    public bool IsTaken { get; set; }

    /// <summary>The store has answered.</summary>
    public void Answer(ReadOnlyMemory<byte>? value) => (IsAnswered, Value) = (true, value);
}
