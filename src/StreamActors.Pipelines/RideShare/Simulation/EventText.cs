namespace StreamActors.Pipelines.RideShare.Simulation;

/// <summary>The key and the JSON of one event, written into memory that is used again for the next.</summary>
internal sealed class EventText
{
    /// <summary>
    /// Room for the longest event, a trip with two routes of 64 corners: 2 × 64 × 24 bytes and 1 KB of fields.
    /// </summary>
    private const int Capacity = 8 * 1024;

    private readonly byte[] buffer = new byte[Capacity];
    private byte[] key = [];
    private int used;

    /// <summary>The record's key.</summary>
    public ReadOnlySpan<byte> Key => key;

    /// <summary>The record's value.</summary>
    public ReadOnlySpan<byte> Value => buffer.AsSpan(0, used);

    /// <summary>Starts an event with its id.</summary>
    public EventText Begin(byte[] recordKey, UInt128 id)
    {
        key = recordKey;
        used = 0;
        Put("{\"event_id\":\""u8);
        Uuid.Write(id, buffer.AsSpan(used, Uuid.TextLength));
        used += Uuid.TextLength;
        Put("\""u8);
        return this;
    }

    /// <summary>A member whose value is a string that needs no escapes; null where there are no bytes.</summary>
    public EventText Text(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
    {
        Name(name);
        if (text.IsEmpty)
        {
            Put("null"u8);
            return this;
        }

        Put("\""u8);
        Put(text);
        Put("\""u8);
        return this;
    }

    /// <summary>A member whose value is a whole number; null where it is negative.</summary>
    public EventText Whole(ReadOnlySpan<byte> name, int number)
    {
        Name(name);
        if (number < 0)
        {
            Put("null"u8);
            return this;
        }

        PutDigits((uint)number, 1);
        return this;
    }

    /// <summary>A member whose value is a number with one or two decimals, given in hundredths.</summary>
    public EventText Hundredths(ReadOnlySpan<byte> name, int hundredths)
    {
        Name(name);
        PutDigits((uint)hundredths / 100, 1);
        Put("."u8);
        PutDigits((uint)hundredths % 100, 2);
        return this;
    }

    /// <summary>A member whose value is a location.</summary>
    public EventText Place(ReadOnlySpan<byte> name, Place place)
    {
        Name(name);
        PutPlace(place);
        return this;
    }

    /// <summary>A member whose value is a list of locations; null where there are none.</summary>
    public EventText Route(ReadOnlySpan<byte> name, ReadOnlySpan<Place> corners)
    {
        Name(name);
        if (corners.IsEmpty)
        {
            Put("null"u8);
            return this;
        }

        var separator = "["u8;
        foreach (var corner in corners)
        {
            Put(separator);
            PutPlace(corner);
            separator = ","u8;
        }

        Put("]"u8);
        return this;
    }

    /// <summary>Ends an event with what every event of the platform carries and the processor drops.</summary>
    public void End(ReadOnlySpan<byte> session, ReadOnlySpan<byte> correlation)
    {
        Text("session_id"u8, session).Text("correlation_id"u8, correlation).Text("causation_id"u8, default);
        Put("}"u8);
    }

    private void Name(ReadOnlySpan<byte> name)
    {
        Put(",\""u8);
        Put(name);
        Put("\":"u8);
    }

    private void PutPlace(Place place)
    {
        Put("["u8);
        PutMicrodegrees(place.Latitude);
        Put(","u8);
        PutMicrodegrees(place.Longitude);
        Put("]"u8);
    }

    private void PutMicrodegrees(int microdegrees)
    {
        if (microdegrees < 0)
        {
            Put("-"u8);
        }

        var magnitude = (uint)Math.Abs(microdegrees);
        PutDigits(magnitude / 1_000_000, 1);
        Put("."u8);
        PutDigits(magnitude % 1_000_000, 6);
    }

    private void PutDigits(uint number, int atLeast)
    {
        Span<byte> digits = stackalloc byte[10];
        var start = digits.Length;
        while (number > 0 || digits.Length - start < atLeast)
        {
            digits[--start] = (byte)('0' + (number % 10));
            number /= 10;
        }

        Put(digits[start..]);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(buffer.AsSpan(used));
        used += bytes.Length;
    }
}
