using System.Text;
using StreamActors.Snapshots;

namespace StreamActors.Entities;

/// <summary>An entity as a store has it, for people who look: they have neither its type nor its codec.</summary>
/// <param name="LastUsed">When it was last used, in milliseconds since 1970 (UTC).</param>
/// <param name="State">Its state, as its codec wrote it.</param>
/// <param name="Timers">Its timers.</param>
internal sealed record StoredEntity(long LastUsed, byte[] State, IReadOnlyList<StoredTimer> Timers)
{
    /// <summary>Reads the value of an entity's key.</summary>
    /// <param name="shard">The shard's name, for the message.</param>
    /// <param name="part">The kind of entity, for the message.</param>
    /// <param name="key">The entity's key, for the message.</param>
    /// <param name="value">What the store has.</param>
    /// <exception cref="SnapshotException">It is damaged.</exception>
    public static StoredEntity Read(string shard, string part, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var input = SnapshotReader.Open(value, shard, part, key);
        var (lastUsed, state) = (input.ReadNumber(), input.ReadBytes().ToArray());
        var timers = new StoredTimer[input.ReadNumber()];
        for (var at = 0; at < timers.Length; at++)
        {
            timers[at] = StoredTimer.Read(ref input);
        }

        return new StoredEntity(lastUsed, state, timers);
    }
}

/// <summary>A timer as a store has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="At">When it is due, in milliseconds since 1970 (UTC).</param>
/// <param name="ByEventTime">Whether that is the records' own time.</param>
/// <param name="RecordKey">The key of the record that set it; null where that had none.</param>
internal readonly record struct StoredTimer(string Name, long At, bool ByEventTime, byte[]? RecordKey)
{
    // Its time, its clock, two lengths, and whether there is a key.
    private const int Numbers = 5;

    /// <summary>Appends it.</summary>
    public void Write(SnapshotWriter output)
    {
        output.Write(Name);
        output.Write(At);
        output.Write(ByEventTime ? 1 : 0);
        output.WriteOptional(RecordKey);
    }

    /// <summary>How many bytes <see cref="Write"/> appends at most.</summary>
    /// <param name="name">The timer's name.</param>
    /// <param name="recordKeyBytes">The bytes of the record's key.</param>
    public static int MostBytes(string name, int recordKeyBytes) =>
        Encoding.UTF8.GetMaxByteCount(name.Length) + recordKeyBytes + (Numbers * sizeof(long));

    /// <summary>Passes over what <see cref="Write"/> wrote.</summary>
    public static void Skip(ref SnapshotReader input)
    {
        input.ReadBytes();
        input.ReadNumber();
        input.ReadNumber();
        input.ReadNumber();
        input.ReadBytes();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static StoredTimer Read(ref SnapshotReader input) =>
        new(input.ReadText(), input.ReadNumber(), input.ReadNumber() == 1, input.ReadOptional());
}
