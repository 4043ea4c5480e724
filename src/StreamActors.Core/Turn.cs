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

    /// <summary>The entity's key, as text.</summary>
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
    /// <param name="name">Its name, within the entity.</param>
    /// <param name="due">When <see cref="IEntity{TIn, TState, TOut}.OnTimer"/> is called, or soon after.</param>
    public void Timer(string name, DateTimeOffset due) => timers.Add((name, due));

    /// <summary>Passivates the entity when the call has returned: its state and its timers are dropped.</summary>
    public void Forget() => Forgets = true;

    /// <summary>Prepares it for a call.</summary>
    internal void Begin(ReadOnlySpan<byte> entityKey, long eventTimeMs, long nowMs)
    {
        if (key.Length < entityKey.Length)
        {
            key = new byte[Math.Max(entityKey.Length, 64)];
        }

        entityKey.CopyTo(key);
        (keyLength, keyText, eventTime, now) = (entityKey.Length, null, eventTimeMs, nowMs);
        outputs.Clear();
        timers.Clear();
        Forgets = false;
    }
}
