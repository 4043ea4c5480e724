using System.Runtime.InteropServices;
using System.Text;
using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors;

/// <summary>What an entity can see and do during one call; not to be kept afterwards.</summary>
/// <typeparam name="TOut">What the entity emits.</typeparam>
public sealed class Turn<TOut>
{
    private readonly List<TOut> outputs = [];
    private readonly List<TimerRequest> timers = [];
    private byte[] key = [];
    private int keyLength;
    private string? keyText;
    private long eventTime;
    private long watermark;
    private long now;

    internal Turn()
    {
    }

    /// <summary>
    /// The key of the record, as text (what is not UTF-8 shows as U+FFFD); empty where it has none. In a timer's call,
    /// the key of the record that set it. Entities that <c>SubKey</c> tells apart have the same one here: what tells
    /// them apart stands in the record, and an entity that needs it in a timer's call keeps it in its state.
    /// </summary>
    public string Key => keyText ??= Encoding.UTF8.GetString(key, 0, keyLength);

    /// <summary>
    /// The time that the record carries, or its value where the route says <c>EventTime</c>, be it true or not; the
    /// nearest that a date can say. In a timer's call, the time at which it was due.
    /// </summary>
    public DateTimeOffset EventTime => Record.DateOf(eventTime);

    /// <summary>
    /// How far event time has come in the shard, this record included: what <see cref="EventTimer"/> goes by; it never
    /// goes back. A record is late whose <see cref="EventTime"/> is earlier. Null before each topic that feeds the
    /// shard had a record: a comparison with null is false, so nothing is late then.
    /// </summary>
    public DateTimeOffset? Watermark => watermark == Origin.NoEventTime ? null : Record.DateOf(watermark);

    /// <summary>The wall-clock time of the turn.</summary>
    public DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(now);

    /// <summary>Whether <see cref="Forget"/> was called.</summary>
    internal bool Forgets { get; private set; }

    /// <summary>What was emitted, in order.</summary>
    internal List<TOut> Outputs => outputs;

    /// <summary>The timers that were set.</summary>
    internal ReadOnlySpan<TimerRequest> Timers => CollectionsMarshal.AsSpan(timers);

    /// <summary>Emits a value to the route's targets, when the call has returned.</summary>
    public void Emit(TOut value) => outputs.Add(value);

    /// <summary>Sets a timer by the wall clock. A timer of the same name is moved.</summary>
    /// <param name="name">Its name, within the entity; not empty.</param>
    /// <param name="due">
    /// When <see cref="ITimerHandler{TState, TOut}.OnTimer"/> is called, or soon after; a millisecond from now where
    /// that has passed.
    /// </param>
    /// <exception cref="ArgumentException">The name is null or empty.</exception>
    public void Timer(string name, DateTimeOffset due) => Set(name, due, byEventTime: false);

    /// <summary>
    /// Sets a timer by event time: it is due as soon as a record of the shard carries that time or a later one, and
    /// before that record is handled; so it depends on the records alone. Where several topics feed the shard, each
    /// must have reached that time. Every record that can be read counts, a duplicate too; one that is refused does
    /// not, nor one that is ahead of the wall clock by more than <c>MaxEventTimeLead</c>. While no record comes, this
    /// time stands still, unless the pipeline's <c>EventTimeIdleAfter</c> says otherwise; behind <c>MapAsync</c> it
    /// goes on while a call for an earlier record runs. A timer of the same name is moved, whichever clock it had.
    /// </summary>
    /// <param name="name">Its name, within the entity; not empty.</param>
    /// <param name="due">
    /// When it is due; where that has passed, when the records' time next goes on: a key that lags behind the others
    /// wants to compare times in its calls as well.
    /// </param>
    /// <exception cref="ArgumentException">The name is null or empty.</exception>
    public void EventTimer(string name, DateTimeOffset due) => Set(name, due, byEventTime: true);

    /// <summary>Forgets the entity when the call has returned: its state and its timers go, in a store too.</summary>
    public void Forget() => Forgets = true;

    private void Set(string name, DateTimeOffset due, bool byEventTime)
    {
        if (string.IsNullOrEmpty(name))
        {
            throw new ArgumentException(
                "A timer needs a name, by which it is moved and told apart from the entity's other timers.",
                nameof(name));
        }

        timers.Add(new TimerRequest(name, due.ToUnixTimeMilliseconds(), byEventTime));
    }

    /// <summary>Prepares it for a call.</summary>
    internal void Begin(ReadOnlySpan<byte> recordKey, long eventTimeMs, long watermarkMs, long nowMs)
    {
        if (key.Length < recordKey.Length)
        {
            key = new byte[Math.Max(recordKey.Length, 64)];
        }

        recordKey.CopyTo(key);
        (keyLength, keyText) = (recordKey.Length, null);
        (eventTime, watermark, now) = (eventTimeMs, watermarkMs, nowMs);
        outputs.Clear();
        timers.Clear();
        Forgets = false;
    }
}

/// <summary>A timer that a call asks for.</summary>
/// <param name="Name">Its name, within the entity.</param>
/// <param name="Due">When it is due, in milliseconds since 1970 (UTC).</param>
/// <param name="ByEventTime">Whether the records' time counts, and not the wall clock.</param>
internal readonly record struct TimerRequest(string Name, long Due, bool ByEventTime);
