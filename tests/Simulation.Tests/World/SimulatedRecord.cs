using System.Buffers;
using System.Globalization;
using System.Text;
using StreamActors.Records;

namespace StreamActors.Simulation.Tests.World;

/// <summary>What a record of the simulation asks of the engine's user code.</summary>
internal enum Wish
{
    /// <summary>An output, where the route emits each record.</summary>
    Emit,

    /// <summary>No output, where the route is an entity's.</summary>
    Ignore,

    /// <summary>User code throws.</summary>
    Throw,

    /// <summary>The codec refuses the bytes.</summary>
    Reject,
}

/// <summary>A record that says in its bytes where it lies, so that whoever sees an output knows its cause.</summary>
internal sealed record SimulatedRecord(string Topic, int Partition, long Offset, string Key, int Id, Wish Wish)
{
    public byte[] Bytes => Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"{Topic}|{Partition}|{Offset}|{Key}|{Id}|{Wish}"));

    /// <summary>Whether an entity emits a second output for it, in the same turn.</summary>
    public bool EmitsMore => Wish == Wish.Emit && Id % 3 == 1;

    /// <summary>Whether it is such a second output.</summary>
    public bool IsMore => Key.StartsWith("more ", StringComparison.Ordinal);

    public static SimulatedRecord Parse(ReadOnlySpan<byte> bytes)
    {
        var parts = Encoding.UTF8.GetString(bytes).Split('|');
        return new SimulatedRecord(
            parts[0], Number(parts[1]), Number(parts[2]), parts[3], Number(parts[4]), Enum.Parse<Wish>(parts[5]));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>
/// Reads and writes them, and fails as they wish: at the last target, when the others have their output.
/// </summary>
internal sealed class SimulatedCodec(bool throws = true) : ICodec<SimulatedRecord>
{
    public bool TryRead(ReadOnlySpan<byte> bytes, out SimulatedRecord value, out Rejection rejection)
    {
        value = SimulatedRecord.Parse(bytes);
        rejection = new Rejection("wish", "is to be rejected");
        return value.Wish != Wish.Reject;
    }

    public void Write(scoped in SimulatedRecord value, IBufferWriter<byte> output)
    {
        var bytes = value.Bytes.AsSpan();
        output.Write(bytes[..(bytes.Length / 2)]);
        if (throws && value.Wish == Wish.Throw)
        {
            throw new InvalidOperationException("The record wished it.");
        }

        output.Write(bytes[(bytes.Length / 2)..]);
    }
}

/// <summary>An entity that emits what wishes it, and says so when its key was quiet for a while.</summary>
internal sealed class SimulatedEntity(SimulatedProcess process)
    : IEntity<SimulatedRecord, SimulatedEntity.State, SimulatedRecord>
{
    public void On(SimulatedRecord record, ref State state, Turn<SimulatedRecord> turn)
    {
        process.CheckHandler(this, new PartitionId(record.Topic, record.Partition));
        process.CheckApplied(record, state.Lasts.TryGetValue(record.Topic, out var last) ? last : null);
        state.Lasts[record.Topic] = record.Offset;
        state.Seen++;
        state.Last = record;
        turn.Timer("quiet", turn.Now.AddMilliseconds(40));
        if (record.Wish != Wish.Ignore)
        {
            turn.Emit(record);
        }

        if (record.EmitsMore)
        {
            turn.Emit(record with { Key = $"more {record.Key}" });
        }
    }

    public void OnTimer(string name, ref State state, Turn<SimulatedRecord> turn)
    {
        turn.Emit(state.Last! with { Key = "timer", Wish = Wish.Emit });
        if (state.Seen % 3 == 0)
        {
            process.Forgot(state);
            turn.Forget();
        }
    }

    [StateVersion(1)]
    internal sealed class State
    {
        public int Seen { get; set; }

        public SimulatedRecord? Last { get; set; }

        public Dictionary<string, long> Lasts { get; set; } = [];
    }
}
