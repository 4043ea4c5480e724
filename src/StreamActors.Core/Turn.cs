using System.Text;

namespace StreamActors;

/// <summary>What an entity can see and do during one call; not to be kept afterwards.</summary>
/// <typeparam name="TOut">What the entity emits.</typeparam>
public sealed class Turn<TOut>
{
    private readonly List<TOut> outputs = [];
    private readonly List<(string Name, DateTimeOffset Due)> timers = [];
    private byte[] key = [];
    private int keyLength;
    private string? keyText;
    private long eventTime;
    private long now;

    /// <summary>
    /// The key of the record, as text (what is not UTF-8 shows as U+FFFD); empty where it has none. In a timer's call,
    /// the key of the record that set it. Entities that <c>SubKey</c> tells apart have the same one here: what tells
    /// them apart stands in the record, and an entity that needs it in a timer's call keeps it in its state.
    /// </summary>
    public string Key => keyText ??= Encoding.UTF8.GetString(key, 0, keyLength);

    /// <summary>The time that the record carries; in a timer's call, the time at which it was due.</summary>
    public DateTimeOffset EventTime => DateTimeOffset.FromUnixTimeMilliseconds(eventTime);

    /// <summary>The wall-clock time of the turn.</summary>
    public DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(now);

    /// <summary>Whether <see cref="Forget"/> was called.</summary>
    internal bool Forgets { get; private set; }

    /// <summary>What was emitted, in order.</summary>
    internal IReadOnlyList<TOut> Outputs => outputs;

    /// <summary>The timers that were set.</summary>
    internal IReadOnlyList<(string Name, DateTimeOffset Due)> Timers => timers;

    /// <summary>Emits a value to the route's targets, when the call has returned.</summary>
    public void Emit(TOut value) => outputs.Add(value);

    /// <summary>Sets a timer by the wall clock. A timer of the same name is moved.</summary>
    /// <param name="name">Its name, within the entity; not empty.</param>
    /// <param name="due">
    /// When <see cref="IEntity{TIn, TState, TOut}.OnTimer"/> is called, or soon after; a millisecond from now where
    /// that has passed.
    /// </param>
    /// <exception cref="ArgumentException">The name is null or empty.</exception>
    public void Timer(string name, DateTimeOffset due)
    {
        if (string.IsNullOrEmpty(name))
        {
            throw new ArgumentException(
                "A timer needs a name, by which it is moved and told apart from the entity's other timers.",
                nameof(name));
        }

        timers.Add((name, due));
    }

    /// <summary>Passivates the entity when the call has returned: its state and its timers are dropped.</summary>
    public void Forget() => Forgets = true;

    /// <summary>Prepares it for a call.</summary>
    internal void Begin(ReadOnlySpan<byte> recordKey, long eventTimeMs, long nowMs)
    {
        if (key.Length < recordKey.Length)
        {
            key = new byte[Math.Max(recordKey.Length, 64)];
        }

        recordKey.CopyTo(key);
        (keyLength, keyText, eventTime, now) = (recordKey.Length, null, eventTimeMs, nowMs);
        outputs.Clear();
        timers.Clear();
        Forgets = false;
    }
}
