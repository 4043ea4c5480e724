namespace StreamActors.Pipelines.RideShare.Simulation;

/// <summary>A way to break an event.</summary>
internal enum Corruption
{
    /// <summary>A required field is gone.</summary>
    MissingField,

    /// <summary>A field has a value of another type.</summary>
    WrongType,

    /// <summary>A word that its field does not know.</summary>
    BadChoice,

    /// <summary>
    /// A number that makes no sense; the processor refuses only a rating of 10 and a multiplier of −2.
    /// </summary>
    OutOfRange,

    /// <summary>Not JSON.</summary>
    BadJson,

    /// <summary>An id that is no UUID.</summary>
    BadId,

    /// <summary>A time that is none; the processor never looks at it.</summary>
    BadTimestamp,

    /// <summary>The end is cut off.</summary>
    Truncated,

    /// <summary>No bytes at all.</summary>
    Empty,
}

/// <summary>
/// Breaks events as the platform's own injector of bad data does, in its proportions. A broken copy has the id
/// <c>corrupted-</c> and a UUID, so the processor refuses every one of them.
/// </summary>
internal sealed class Corruptor(Chance chance)
{
    /// <summary>
    /// Of a hundred broken copies, how many are of each kind, in the order of <see cref="Corruption"/>.
    /// </summary>
    private static readonly int[] Shares = [20, 15, 15, 10, 10, 10, 10, 5, 5];

    private static readonly Dictionary<string, (string Field, byte[] Value)> BadChoices = new()
    {
        ["trips"] = ("event_type", [.. "\"trip.invalid_state\""u8]),
        ["gps_pings"] = ("entity_type", [.. "\"vehicle\""u8]),
        ["driver_status"] = ("new_status", [.. "\"sleeping\""u8]),
        ["driver_profiles"] = ("shift_preference", [.. "\"whenever\""u8]),
        ["rider_profiles"] = ("event_type", [.. "\"rider.deleted\""u8]),
        ["ratings"] = ("ratee_type", [.. "\"vehicle\""u8]),
    };

    private static readonly Dictionary<string, (string Field, byte[] Value)> OutOfRanges = new()
    {
        ["trips"] = ("fare", [.. "-100.0"u8]),
        ["gps_pings"] = ("heading", [.. "500.0"u8]),
        ["ratings"] = ("rating", [.. "10"u8]),
        ["surge_updates"] = ("new_multiplier", [.. "-2.0"u8]),
    };

    private readonly byte[] buffer = new byte[16 * 1024];
    private int used;

    /// <summary>A kind, as often as the injector takes it.</summary>
    public Corruption Any()
    {
        var lot = chance.Below(Shares.Sum());
        var kind = 0;
        for (; lot >= Shares[kind]; kind++)
        {
            lot -= Shares[kind];
        }

        return (Corruption)kind;
    }

    /// <summary>Breaks a copy of an event of the simulator's own making.</summary>
    /// <param name="kind">How; where an event has nothing to break so, a field gets another type.</param>
    /// <param name="topic">The event's topic.</param>
    /// <param name="value">The event.</param>
    /// <param name="id">The id in the copy, without quotes.</param>
    /// <returns>The copy; valid until the next call.</returns>
    public ReadOnlySpan<byte> Corrupt(
        Corruption kind, RideShareTopic topic, ReadOnlySpan<byte> value, ReadOnlySpan<byte> id)
    {
        if (!EventReader.TryRead(topic.Schema, value, out var read, out var rejection))
        {
            throw new ArgumentException($"Not a good event: {rejection}", nameof(value));
        }

        used = 0;
        switch (kind)
        {
            case Corruption.Empty:
                break;
            case Corruption.Truncated:
                PutWithId(in read, id, default, default);
                used = used * 2 / 3;
                break;
            case Corruption.BadJson:
                PutWithId(in read, id, default, default);
                buffer[used - 1] = (byte)',';
                break;
            case Corruption.BadId:
                PutWithId(in read, "not-a-uuid"u8, default, default);
                break;
            default:
                var (field, replacement) = Damage(kind, topic);
                PutWithId(in read, id, FieldOf(in read, field, replacement.Length == 0), replacement);
                break;
        }

        return buffer.AsSpan(0, used);
    }

    private (string Field, byte[] Value) Damage(Corruption kind, RideShareTopic topic)
    {
        switch (kind)
        {
            case Corruption.BadChoice when BadChoices.TryGetValue(topic.Name, out var bad):
                return bad;
            case Corruption.OutOfRange when OutOfRanges.TryGetValue(topic.Name, out var bad):
                return bad;
            case Corruption.BadTimestamp:
                return ("timestamp", chance.Happens(0.5) ? [.. "\"\""u8] : [.. "\"2025-13-45T25:99:99Z\""u8]);
            default:
                var fields = topic.Schema.Fields;
                var field = fields[1 + chance.Below(fields.Length - 1)];
                while (field.Presence != Presence.Required)
                {
                    field = fields[1 + chance.Below(fields.Length - 1)];
                }

                return (field.Name, kind == Corruption.MissingField ? [] : WrongType(field.Kind));
        }
    }

    private static byte[] WrongType(FieldKind kind) =>
        kind is FieldKind.Text or FieldKind.Choice ? [.. "12345"u8] : [.. "\"not-a-number\""u8];

    /// <summary>Where a field's value lies, or its whole member with the comma before it.</summary>
    private static Range FieldOf(in RideEvent read, string name, bool wholeMember)
    {
        var fields = read.Schema.Fields;
        for (var i = 0; i < fields.Length; i++)
        {
            if (fields[i].Name == name)
            {
                var token = read.Tokens[i];
                return (wholeMember ? token.Start - fields[i].MemberStart.Length : token.Start)..token.End;
            }
        }

        throw new ArgumentException($"No field {name}.", nameof(name));
    }

    /// <summary>
    /// The event with another id, and with other bytes in one place; no place is a range without an end.
    /// </summary>
    private void PutWithId(in RideEvent read, ReadOnlySpan<byte> id, Range place, ReadOnlySpan<byte> replacement)
    {
        var idEnd = read.Tokens[0].End;
        var (start, end) = place.Equals(default) ? (idEnd, idEnd) : (place.Start.Value, place.End.Value);
        Put("{\"event_id\":\""u8);
        Put(id);
        Put("\""u8);
        Put(read.Bytes[idEnd..start]);
        Put(replacement);
        Put(read.Bytes[end..]);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(buffer.AsSpan(used));
        used += bytes.Length;
    }
}
