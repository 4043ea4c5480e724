using StreamActors.Sinks;

namespace StreamActors.Records;

/// <summary>
/// Reads the values of a route out of records: by the codec, then by the route's <c>Map</c>s and <c>Where</c>s. A
/// function of the bytes alone, so a value that is needed again later (at a window's flush, in a call) is read again.
/// </summary>
internal interface IReader<T>
    where T : allows ref struct
{
    /// <summary>Reads a value; what user code throws passes through.</summary>
    /// <param name="bytes">The record's value.</param>
    /// <param name="eventTime">
    /// The record's time in milliseconds since 1970 (UTC), or <see cref="Origin.NoEventTime"/>; a step that finds it in
    /// the value replaces it.
    /// </param>
    /// <param name="value">The value, where it is one.</param>
    /// <param name="rejection">Why it was refused, where it was.</param>
    Reading Read(ReadOnlySpan<byte> bytes, scoped ref long eventTime, out T value, out Rejection rejection);

    /// <summary>Reads a value again, out of bytes of which one was made before.</summary>
    /// <exception cref="InvalidOperationException">User code makes none of them this time.</exception>
    T ReadAgain(ReadOnlySpan<byte> bytes)
    {
        var eventTime = Origin.NoEventTime;
        return Read(bytes, ref eventTime, out var value, out var rejection) == Reading.Value
            ? value
            : throw new InvalidOperationException(
                "A codec, Map or Where refused bytes of which it had made a value before: each must depend on the "
                + $"bytes alone. {rejection}");
    }
}

/// <summary>What came of reading a record.</summary>
internal enum Reading
{
    /// <summary>A value.</summary>
    Value,

    /// <summary>The bytes are none.</summary>
    Refused,

    /// <summary>A value that the route leaves out.</summary>
    LeftOut,
}

/// <summary>Reads by a codec.</summary>
internal sealed class CodecReader<T>(ICodec<T> codec) : IReader<T>
    where T : allows ref struct
{
    /// <inheritdoc/>
    public Reading Read(ReadOnlySpan<byte> bytes, scoped ref long eventTime, out T value, out Rejection rejection) =>
        codec.TryRead(bytes, out value, out rejection) ? Reading.Value : Reading.Refused;
}

/// <summary>Leaves out the values that a condition does not accept.</summary>
internal sealed class WhereReader<T>(IReader<T> source, Func<T, bool> condition) : IReader<T>
    where T : allows ref struct
{
    /// <inheritdoc/>
    public Reading Read(ReadOnlySpan<byte> bytes, scoped ref long eventTime, out T value, out Rejection rejection)
    {
        var reading = source.Read(bytes, ref eventTime, out value, out rejection);
        return reading == Reading.Value && !condition(value) ? Reading.LeftOut : reading;
    }
}

/// <summary>Refuses the values that do not meet a condition.</summary>
internal sealed class RequireReader<T>(IReader<T> source, Func<T, bool> condition, Rejection otherwise) : IReader<T>
    where T : allows ref struct
{
    /// <inheritdoc/>
    public Reading Read(ReadOnlySpan<byte> bytes, scoped ref long eventTime, out T value, out Rejection rejection)
    {
        var reading = source.Read(bytes, ref eventTime, out value, out rejection);
        if (reading != Reading.Value || condition(value))
        {
            return reading;
        }

        rejection = otherwise;
        return Reading.Refused;
    }
}

/// <summary>Makes other values of the values.</summary>
internal sealed class MapReader<TSource, T>(IReader<TSource> source, Func<TSource, T> map) : IReader<T>
    where TSource : allows ref struct
    where T : allows ref struct
{
    /// <inheritdoc/>
    public Reading Read(ReadOnlySpan<byte> bytes, scoped ref long eventTime, out T value, out Rejection rejection)
    {
        var reading = source.Read(bytes, ref eventTime, out var before, out rejection);
        value = reading == Reading.Value ? map(before) : default!;
        return reading;
    }
}

/// <summary>Reads the event time out of the values.</summary>
internal sealed class EventTimeReader<T>(IReader<T> source, Func<T, DateTimeOffset> time) : IReader<T>
    where T : allows ref struct
{
    /// <inheritdoc/>
    public Reading Read(ReadOnlySpan<byte> bytes, scoped ref long eventTime, out T value, out Rejection rejection)
    {
        var reading = source.Read(bytes, ref eventTime, out value, out rejection);

        // One that was left out before tells none: Kafka's time would be of another clock.
        eventTime = reading == Reading.Value ? time(value).ToUnixTimeMilliseconds() : Origin.NoEventTime;
        return reading;
    }
}
