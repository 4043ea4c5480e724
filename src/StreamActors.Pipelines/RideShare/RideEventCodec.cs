using System.Buffers;

namespace StreamActors.Pipelines.RideShare;

/// <summary>
/// Reads and writes the events of one ride-share topic: accepts what the original accepts (pydantic 2, lax), refuses
/// what it refuses, and writes what it publishes. Allocates nothing a record, neither for good nor for bad ones. Get
/// one from <see cref="RideShareTopic.Codec"/>.
/// <para>
/// It differs from the original where that would publish something that is not JSON, or fall over: numbers that are not
/// finite are refused (also the words <c>NaN</c> and <c>Infinity</c>, which are no JSON), so are strings with half a
/// surrogate pair, invalid UTF-8, values that are no object, and nesting beyond 64 levels.
/// </para>
/// </summary>
public sealed class RideEventCodec : ICodec<RideEvent>
{
    private readonly EventSchema schema;
    private readonly Func<Guid> newId;

    /// <param name="schema">What the events look like.</param>
    /// <param name="newId">Makes the id of an event that came without; called by many threads at once.</param>
    internal RideEventCodec(EventSchema schema, Func<Guid> newId)
    {
        this.schema = schema;
        this.newId = newId;
    }

    /// <inheritdoc/>
    public bool TryRead(ReadOnlySpan<byte> bytes, out RideEvent value, out Rejection rejection) =>
        EventReader.TryRead(schema, bytes, out value, out rejection);

    /// <inheritdoc/>
    public void Write(scoped in RideEvent value, IBufferWriter<byte> output) =>
        EventWriter.Write(in value, newId, output);
}
