using System.Text;
using StreamActors.Records;

namespace StreamActors.Testing;

/// <summary>A record of a topic, or a message to another destination, such as a Redis channel.</summary>
public sealed class WrittenRecord
{
    internal WrittenRecord()
    {
    }

    /// <summary>The connector that wrote it; empty for a record that the test sent.</summary>
    public required string Connector { get; init; }

    /// <summary>The topic, channel or other address.</summary>
    public required string Destination { get; init; }

    /// <summary>The partition of its topic; 0 where the destination is none.</summary>
    public int Partition { get; init; }

    /// <summary>Its offset in the partition; elsewhere its place in the order of arrival, from 0.</summary>
    public long Offset { get; init; }

    /// <summary>Its key; null = it has none.</summary>
    public byte[]? KeyBytes { get; init; }

    /// <summary>Its value; null = a tombstone.</summary>
    public byte[]? Value { get; init; }

    /// <summary>Its headers in order.</summary>
    public IReadOnlyList<(string Name, string? Value)> Headers { get; init; } = [];

    /// <summary>Its time.</summary>
    public DateTimeOffset Timestamp { get; init; }

    /// <summary>Its key as text; null = it has none.</summary>
    public string? Key => KeyBytes is null ? null : Encoding.UTF8.GetString(KeyBytes);

    /// <summary>Its value as text; null = a tombstone.</summary>
    public string? Text => Value is null ? null : Encoding.UTF8.GetString(Value);

    /// <summary>Its headers as they travel in an arena.</summary>
    internal byte[] HeaderBytes { get; init; } = [];

    /// <summary>The value of its last header with that name; null where there is none.</summary>
    public string? Header(string name) => Headers.LastOrDefault(header => header.Name == name).Value;

    /// <summary>The form that failures use.</summary>
    public override string ToString() => $"{Destination}/{Partition}@{Offset} {Key ?? "(no key)"}: {Text ?? "(none)"}";

    /// <summary>Reads headers out of their bytes.</summary>
    internal static IReadOnlyList<(string Name, string? Value)> Decode(ReadOnlySpan<byte> headers)
    {
        var decoded = new List<(string Name, string? Value)>();
        foreach (var header in RecordHeaders.Read(headers))
        {
            var value = header.IsNull ? null : Encoding.UTF8.GetString(header.Value);
            decoded.Add((Encoding.UTF8.GetString(header.Name), value));
        }

        return decoded;
    }
}
