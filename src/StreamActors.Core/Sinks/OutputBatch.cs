using System.Buffers;
using System.Runtime.InteropServices;

namespace StreamActors.Sinks;

/// <summary>
/// Outputs of one shard for one sink, in the order in which they left the shard, with their bytes in one pooled arena.
/// The shard's turn fills it; while the sink has it, the turn fills another; when the sink is done, each output's
/// origin is completed in the ledger and the batch is used again.
/// </summary>
public sealed class OutputBatch : IDisposable
{
    private readonly List<Output> outputs = [];
    private readonly List<(int Index, string Reason)> refused = [];
    private readonly HashSet<int> taken = [];

    internal OutputBatch()
    {
    }

    /// <summary>Under which claim of the shard's state it is delivered; null = nothing keeps that.</summary>
    internal OutputFence? Fence { get; private set; }

    /// <summary>Appends the bytes of the output that was begun.</summary>
    internal OutputArena Writer { get; } = new();

    /// <summary>How many outputs it holds.</summary>
    public int Count => outputs.Count;

    /// <summary>How many bytes of keys, headers and values it holds.</summary>
    public int Bytes => Writer.Used;

    /// <summary>The outputs, in order.</summary>
    public ReadOnlySpan<Output> Outputs => CollectionsMarshal.AsSpan(outputs);

    /// <summary>
    /// Outputs that the sink will never take, with the reason; all others of a delivered batch were taken.
    /// </summary>
    public IReadOnlyList<(int Index, string Reason)> Refused => refused;

    /// <summary>The key of an output; empty when it has none.</summary>
    public ReadOnlySpan<byte> Key(in Output output) => Writer.Bytes(output.Start, Math.Max(output.KeyLength, 0));

    /// <summary>The headers of an output, in the form of <see cref="Records.RecordHeaders"/>.</summary>
    public ReadOnlySpan<byte> Headers(in Output output) =>
        Writer.Bytes(output.Start + Math.Max(output.KeyLength, 0), output.HeadersLength);

    /// <summary>The value of an output; empty when it is a tombstone.</summary>
    public ReadOnlySpan<byte> Value(in Output output) =>
        Writer.Bytes(
            output.Start + Math.Max(output.KeyLength, 0) + output.HeadersLength, Math.Max(output.ValueLength, 0));

    /// <summary>
    /// Called by a sink for an output that no retry can deliver (larger than the broker allows, say). The engine counts
    /// and reports it, and writes it to the dead-letter topic of its route, where that has one; with that its record is
    /// done. It counts only where the delivery succeeds: each attempt says it again.
    /// </summary>
    /// <param name="index">Its place in <see cref="Outputs"/>.</param>
    /// <param name="reason">Why: a sentence that the log and the dead letter show.</param>
    public void Refuse(int index, string reason)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        refused.Add((index, reason));
    }

    /// <summary>How many outputs the next attempt leaves out.</summary>
    internal int TakenCount => taken.Count;

    /// <summary>
    /// Called by a sink whose delivery fails, for an output that its peer has acknowledged all the same: the next
    /// attempt leaves it out.
    /// </summary>
    internal void Take(int index) => taken.Add(index);

    /// <summary>Whether an earlier attempt was acknowledged for it.</summary>
    internal bool IsTaken(int index) => taken.Count > 0 && taken.Contains(index);

    /// <summary>Starts an output: its key, then its headers (by the writer), then <see cref="BeginValue"/>.</summary>
    internal OutputDraft Begin(string destination, ReadOnlySpan<byte> key, bool hasKey = true)
    {
        var start = Writer.Used;
        Writer.Write(key);
        return new OutputDraft(destination, start, hasKey ? key.Length : -1);
    }

    /// <summary>
    /// Starts an output whose key the caller appends by the writer, up to <see cref="EndKey"/>.
    /// </summary>
    internal OutputDraft Begin(string destination) => new(destination, Writer.Used, 0);

    /// <summary>Ends the key of an output; its headers come next.</summary>
    internal void EndKey(ref OutputDraft draft, bool hasKey) =>
        draft.KeyLength = hasKey ? Writer.Used - draft.Start : -1;

    /// <summary>Ends the headers of an output and starts its value, which the caller appends by the writer.</summary>
    internal void BeginValue(ref OutputDraft draft) =>
        draft.HeadersLength = Writer.Used - draft.Start - Math.Max(draft.KeyLength, 0);

    /// <summary>Ends an output.</summary>
    internal void End(in OutputDraft draft, Origin origin, bool isTombstone = false) => outputs.Add(new Output
    {
        IsGivenUpRecord = draft.IsGivenUpRecord,
        Destination = draft.Destination,
        Start = draft.Start,
        KeyLength = draft.KeyLength,
        HeadersLength = draft.HeadersLength,
        ValueLength = isTombstone
            ? -1
            : Writer.Used - draft.Start - Math.Max(draft.KeyLength, 0) - draft.HeadersLength,
        Origin = origin,
        Partition = draft.Partition,
        Timestamp = draft.KeepsTime ? origin.EventTime : -1,
    });

    /// <summary>The key of an output that is being appended, once it has ended.</summary>
    internal ReadOnlySpan<byte> KeyOf(in OutputDraft draft) =>
        Writer.Bytes(draft.Start, Math.Max(draft.KeyLength, 0));

    /// <summary>A mark to which <see cref="Rollback"/> returns: all that was appended after it is forgotten.</summary>
    internal (int Count, int Used) Mark() => (outputs.Count, Writer.Used);

    /// <summary>Forgets all that was appended after the mark: what the call had emitted that threw.</summary>
    internal void Rollback((int Count, int Used) mark)
    {
        CollectionsMarshal.SetCount(outputs, mark.Count);
        Writer.Used = mark.Used;
    }

    /// <summary>Forgets what an earlier attempt refused: each attempt says it again.</summary>
    internal void BeginAttempt(OutputFence? fence = null)
    {
        Fence = fence;
        refused.Clear();
    }

    /// <summary>Empties the batch for other outputs.</summary>
    internal void Clear()
    {
        outputs.Clear();
        refused.Clear();
        taken.Clear();
        Writer.Used = 0;
    }

    /// <summary>
    /// Gives the arena back to the pool; the batch must not be used afterwards. The engine does so with its own: a sink
    /// never does.
    /// </summary>
    public void Dispose()
    {
        Writer.Dispose();
        Clear();
    }
}

/// <summary>An output whose bytes are being appended to an <see cref="OutputBatch"/>.</summary>
internal struct OutputDraft
{
    internal OutputDraft(string destination, int start, int keyLength)
    {
        Destination = destination;
        Start = start;
        KeyLength = keyLength;
    }

    internal string Destination { get; }

    internal int Start { get; }

    internal int KeyLength { get; set; }

    internal int HeadersLength { get; set; }

    internal int Partition { get; set; } = -1;

    internal bool KeepsTime { get; set; }

    internal bool IsGivenUpRecord { get; set; }
}

/// <summary>One output of an <see cref="OutputBatch"/>; its bytes are read through the batch.</summary>
public readonly struct Output
{
    /// <summary>Where the sink sends it: a Redis channel, a Kafka topic.</summary>
    public string Destination { get; internal init; }

    /// <summary>The partition of the destination that it must go to; -1 = where the sink likes.</summary>
    public int Partition { get; internal init; }

    /// <summary>
    /// The time that it carries, in milliseconds since 1970 (UTC); -1 = the time at which the sink writes it.
    /// </summary>
    public long Timestamp { get; internal init; }

    /// <summary>Whether it has a key; an empty key is one.</summary>
    public bool HasKey => KeyLength >= 0;

    /// <summary>Whether its value is null: a deletion marker.</summary>
    public bool IsTombstone => ValueLength < 0;

    /// <summary>The record that caused it.</summary>
    internal Origin Origin { get; init; }

    /// <summary>
    /// Whether it is a record that was given up, and was counted as that; a refused output's dead letter is none.
    /// </summary>
    internal bool IsGivenUpRecord { get; init; }

    internal int Start { get; init; }

    internal int KeyLength { get; init; }

    internal int HeadersLength { get; init; }

    internal int ValueLength { get; init; }
}

/// <summary>The record that caused an output, and that is done when the output is acknowledged.</summary>
/// <param name="Input">The index of the shard's input that the record came from.</param>
/// <param name="Offset">The record's offset; <see cref="NoOffset"/> when a timer caused the output.</param>
/// <param name="Timestamp">The record's time in milliseconds since 1970 (UTC), as Kafka has it.</param>
internal readonly record struct Origin(int Input, long Offset, long Timestamp)
{
    /// <summary>The offset of an output that no record waits for.</summary>
    public const long NoOffset = -1;

    /// <summary>The event time of a record that has none: it moves nothing.</summary>
    public const long NoEventTime = long.MinValue;

    /// <summary>
    /// When what the record tells of happened, in milliseconds since 1970 (UTC): its own time, unless the route reads
    /// it out of the value. Set once the value is read.
    /// </summary>
    public long EventTime { get; init; } = Timestamp;

    /// <summary>Whether it is the same record.</summary>
    public bool IsOf(Origin other) => Input == other.Input && Offset == other.Offset;
}
