namespace StreamActors.Pipelines.RideShare.Simulation;

/// <summary>What a simulated city has sent: all that a test needs to make the processor's totals add up.</summary>
public sealed class WorldTotals
{
    private readonly long[] sent = new long[RideShareTopics.All.Count];

    /// <summary>All records, the broken and the repeated ones included.</summary>
    public long Sent { get; private set; }

    /// <summary>Broken copies; the processor refuses every one.</summary>
    public long Malformed { get; internal set; }

    /// <summary>Records that repeat an earlier one byte for byte.</summary>
    public long Duplicates { get; internal set; }

    /// <summary>The records of a topic, the broken and the repeated ones included.</summary>
    public long SentTo(RideShareTopic topic) => sent[IndexOf(topic)];

    internal void Count(RideShareTopic topic)
    {
        sent[IndexOf(topic)]++;
        Sent++;
    }

    private static int IndexOf(RideShareTopic topic)
    {
        var topics = RideShareTopics.All;
        for (var i = 0; i < topics.Count; i++)
        {
            if (ReferenceEquals(topics[i], topic))
            {
                return i;
            }
        }

        throw new ArgumentException($"{topic.Name} is no topic of the ride-share platform.", nameof(topic));
    }
}

/// <summary>Sends a city's events, and now and then a broken copy or one of the last events once more.</summary>
internal sealed class Outlet(WorldOptions options)
{
    /// <summary>
    /// How many events a repetition chooses from: one in <see cref="RememberEvery"/> is kept, so they are two thousand
    /// events old at most.
    /// </summary>
    private const int Remembered = 256;

    private const int RememberEvery = 8;

    private readonly Chance chance = new(~options.Seed);
    private readonly Corruptor corruptor = new(new Chance(options.Seed ^ 0x5EED));
    private readonly (RideShareTopic? Topic, byte[] Key, byte[] Value, int Length)[] memory =
        new (RideShareTopic?, byte[], byte[], int)[Remembered];

    private long seen;

    /// <summary>What was sent.</summary>
    public WorldTotals Totals { get; } = new();

    /// <summary>Where it goes.</summary>
    public EventSink Sink { get; set; } = static (_, _, _) => { };

    /// <summary>Sends an event, and what goes with it.</summary>
    public void Send(RideShareTopic topic, EventText text)
    {
        Deliver(topic, text.Key, text.Value);
        if (options.Malformed > 0 && chance.Happens(options.Malformed))
        {
            Span<byte> id = stackalloc byte["corrupted-".Length + Uuid.TextLength];
            "corrupted-"u8.CopyTo(id);
            Uuid.Write(chance.Id(), id["corrupted-".Length..]);
            Deliver(topic, text.Key, corruptor.Corrupt(corruptor.Any(), topic, text.Value, id));
            Totals.Malformed++;
        }

        if (options.Duplicates > 0)
        {
            Remember(topic, text);
            if (chance.Happens(options.Duplicates))
            {
                Repeat();
            }
        }
    }

    private void Repeat()
    {
        var known = (int)Math.Min(Remembered, (seen + RememberEvery - 1) / RememberEvery);
        ref var earlier = ref memory[chance.Below(known)];
        Deliver(earlier.Topic!, earlier.Key, earlier.Value.AsSpan(0, earlier.Length));
        Totals.Duplicates++;
    }

    private void Remember(RideShareTopic topic, EventText text)
    {
        if (seen++ % RememberEvery != 0)
        {
            return;
        }

        ref var slot = ref memory[(seen - 1) / RememberEvery % Remembered];
        if (slot.Value is null || slot.Value.Length < text.Value.Length)
        {
            slot.Value = new byte[text.Value.Length * 2];
        }

        text.Value.CopyTo(slot.Value);
        (slot.Topic, slot.Key, slot.Length) = (topic, text.Key.ToArray(), text.Value.Length);
    }

    private void Deliver(RideShareTopic topic, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Totals.Count(topic);
        Sink(topic, key, value);
    }
}
