using System.Globalization;
using System.Text;
using StreamActors.Records;

namespace StreamActors.Testing;

/// <summary>A record that a route gave up: its bytes, and its story.</summary>
public sealed class DeadLetter
{
    internal DeadLetter()
    {
    }

    /// <summary>
    /// The topic that it was written to; null = its route has none, and the record was dropped.
    /// </summary>
    public required string? Topic { get; init; }

    /// <summary>Where the record was read.</summary>
    public required PartitionOffset Source { get; init; }

    /// <summary>Its key; null = it has none.</summary>
    public required byte[]? KeyBytes { get; init; }

    /// <summary>Its value as it came; null = a tombstone.</summary>
    public required byte[]? Value { get; init; }

    /// <summary>Its own headers in order, without those that tell its story.</summary>
    public required IReadOnlyList<(string Name, string? Value)> Headers { get; init; }

    /// <summary>
    /// <c>validation_error</c> for a record that was refused, else the name of the exception's type.
    /// </summary>
    public required string ErrorType { get; init; }

    /// <summary>Why it was refused, or the exception's message.</summary>
    public required string ErrorMessage { get; init; }

    /// <summary>How often it was tried.</summary>
    public required int Attempts { get; init; }

    /// <summary>Its key as text; null = it has none.</summary>
    public string? Key => KeyBytes is null ? null : Encoding.UTF8.GetString(KeyBytes);

    /// <summary>Its value as text; null = a tombstone.</summary>
    public string? Text => Value is null ? null : Encoding.UTF8.GetString(Value);

    /// <summary>The form that failures use.</summary>
    public override string ToString() => $"{Source} {Key ?? "(no key)"}: {ErrorType}: {ErrorMessage}";

    /// <summary>Whether a record of a topic is one.</summary>
    internal static bool Is(WrittenRecord record) =>
        record.Header("error_type") is not null && record.Header("source_topic") is not null;

    /// <summary>Reads one out of its topic.</summary>
    internal static DeadLetter Of(WrittenRecord record)
    {
        var source = new PartitionId(record.Header("source_topic")!, (int)Number(record, "source_partition"));
        return new DeadLetter
        {
            Topic = record.Destination,
            Source = new PartitionOffset(source, Number(record, "source_offset")),
            KeyBytes = record.KeyBytes,
            Value = record.Value,
            Headers = [.. record.Headers.Take(StartOfStory(record.Headers))],
            ErrorType = record.Header("error_type")!,
            ErrorMessage = record.Header("error_message") ?? "",
            Attempts = (int)Number(record, "attempts"),
        };
    }

    /// <summary>The last one: a dead letter that was sent again, and given up again, carries two stories.</summary>
    private static int StartOfStory(IReadOnlyList<(string Name, string? Value)> headers) =>
        headers.ToList().FindLastIndex(static header => header.Name == "source_topic");

    private static long Number(WrittenRecord record, string header) =>
        long.Parse(record.Header(header)!, CultureInfo.InvariantCulture);
}
