using System.Buffers;
using System.Globalization;
using System.Text;

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
/// <param name="Time">Its own time, in milliseconds since 1970 (UTC).</param>
internal sealed record SimulatedRecord(
    string Topic, int Partition, long Offset, string Key, int Id, Wish Wish, long Time)
{
    /// <summary>The mark of a second output in the same turn.</summary>
    public const string More = "more";

    /// <summary>What an output is beside the plain one of its record: the second of a turn, or a timer's.</summary>
    public string Mark { get; init; } = "";

    /// <summary>The destination of an output.</summary>
    public string Destination => Mark switch { "" => "out", More => More, _ => "timers" };

    /// <summary>The form that a list of records has.</summary>
    public string Short => $"@{Offset} \"{Key}\" {Wish} id {Id}";

    public byte[] Bytes => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"{Topic}|{Partition}|{Offset}|{Key}|{Id}|{Wish}|{Time}|{Mark}"));

    /// <summary>The bytes that it takes while it is parked: its own, and its key once more as its entity's.</summary>
    public int ParkedBytes => Bytes.Length + (2 * Key.Length);

    /// <summary>Whether an entity emits a second output for it, in the same turn.</summary>
    public bool EmitsMore => Wish == Wish.Emit && Id % 3 == 1;

    public override string ToString() => $"{Topic}/{Partition}{Short} {Mark}".TrimEnd();

    public static SimulatedRecord Parse(ReadOnlySpan<byte> bytes)
    {
        var parts = Encoding.UTF8.GetString(bytes).Split('|');
        return new SimulatedRecord(
            parts[0],
            (int)Number(parts[1]),
            Number(parts[2]),
            parts[3],
            (int)Number(parts[4]),
            Enum.Parse<Wish>(parts[5]),
            Number(parts[6]))
        {
            Mark = parts[7],
        };
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
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
