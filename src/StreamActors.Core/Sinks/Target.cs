using System.Buffers;
using System.Text;
using StreamActors.Sources;

namespace StreamActors.Sinks;

/// <summary>
/// Where a route's values go: which connector's sink, which destination in it, and which bytes. Connectors offer
/// methods that make one, such as <c>Redis.Publish</c> and <c>Kafka.Topic</c>; what they make has the key of the record
/// that caused the value, and no headers.
/// </summary>
/// <typeparam name="T">The value's type.</typeparam>
/// <param name="connector">The connector whose sink delivers it, such as <c>redis</c>.</param>
/// <param name="destination">
/// The channel, topic or other address, per value. Return constants where it can be done.
/// </param>
/// <param name="codec">Writes the value's bytes.</param>
public sealed class Target<T>(string connector, Func<T, string> destination, ICodec<T> codec) : ITarget
    where T : allows ref struct
{
    /// <summary>Sends all values to one destination.</summary>
    /// <param name="connector">The connector whose sink delivers them.</param>
    /// <param name="destination">The channel, topic or other address of all values.</param>
    /// <param name="codec">Writes a value's bytes.</param>
    public Target(string connector, string destination, ICodec<T> codec)
        : this(connector, _ => destination, codec) => Fixed = destination;

    /// <summary>The destination of all values; null = each value decides.</summary>
    internal string? Fixed { get; private set; }

    string? ITarget.Fixed => Fixed;

    /// <summary>The connector whose sink delivers it.</summary>
    internal string Connector { get; } = connector;

    string ITarget.Connector => Connector;

    /// <summary>The channel, topic or other address of a value.</summary>
    internal Func<T, string> Destination { get; } = destination;

    /// <summary>Writes the value's bytes.</summary>
    internal ICodec<T> Codec { get; } = codec;

    /// <summary>How the topic is created where it is missing; null = it is waited for.</summary>
    internal TopicSpec? Create { get; private set; }

    TopicSpec? ITarget.Create => Create;

    /// <summary>
    /// Writes the key of a value, or says that it has none; null = the output has the key of the record that caused it.
    /// </summary>
    internal Func<T, IBufferWriter<byte>, bool>? Key { get; private set; }

    /// <summary>The headers of an output.</summary>
    internal IReadOnlyList<(byte[] Name, Func<T, string?> Value)> Headers { get; private set; } = [];

    /// <summary>Whether a value goes here; null = each does.</summary>
    internal Func<T, bool>? Condition { get; private set; }

    /// <summary>Whether a value's output is a deletion marker; null = none is.</summary>
    internal Func<T, bool>? Deletion { get; private set; }

    /// <summary>Whether its outputs carry their records' time, and not that of their writing.</summary>
    internal bool KeepsTime { get; private set; }

    /// <summary>
    /// How the key decides on the partition, in a destination that is a topic which the pipeline itself reads. Null =
    /// the sink decides.
    /// </summary>
    internal Partitioner? Partitioner { get; init; }

    /// <summary>The same target with a key of its own, written as UTF-8; null = the output has no key.</summary>
    public Target<T> Keyed(Func<T, string?> key) => With(copy => copy.Key = (value, output) =>
    {
        var text = key(value);
        Encoding.UTF8.GetBytes(text ?? "", output);
        return text is not null;
    });

    /// <summary>The same target with a key of its own, as bytes.</summary>
    public Target<T> Keyed(Func<T, ReadOnlySpan<byte>> key) => With(copy => copy.Key = (value, output) =>
    {
        output.Write(key(value));
        return true;
    });

    /// <summary>The same target with a header more.</summary>
    /// <param name="name">The header's name.</param>
    /// <param name="value">Its value, written as UTF-8; null = this output has no such header.</param>
    public Target<T> Header(string name, Func<T, string?> value) =>
        With(copy => copy.Headers = [.. Headers, (Encoding.UTF8.GetBytes(name), value)]);

    /// <summary>
    /// The same target for some of the values only. A record whose value goes to no target at all counts as
    /// one without output.
    /// </summary>
    public Target<T> When(Func<T, bool> condition) => With(copy =>
        copy.Condition = Condition is { } before ? value => before(value) && condition(value) : condition);

    /// <summary>The same target, with a tombstone (no value: Kafka's deletion marker) for some of the values.</summary>
    public Target<T> TombstoneWhen(Func<T, bool> condition) => With(copy => copy.Deletion = condition);

    /// <summary>
    /// The same target, whose outputs carry the time of the record that caused them, or, of a timer, the time at which
    /// it was due: for those who go by it. Else an output has the time of its writing. Only Kafka's sink heeds it.
    /// </summary>
    public Target<T> AtRecordTime() => With(static copy => copy.KeepsTime = true);

    /// <summary>
    /// The same target, whose topic is created where it is missing: the connector that has topics offers it.
    /// </summary>
    internal Target<T> Created(int partitions, short replication) =>
        With(copy => copy.Create = new TopicSpec(Fixed ?? "", partitions, replication));

    private Target<T> With(Action<Target<T>> change)
    {
        var copy = (Target<T>)MemberwiseClone();
        change(copy);
        return copy;
    }
}

/// <summary>What a target says of itself, whatever its values are.</summary>
internal interface ITarget
{
    /// <summary>The connector whose sink delivers it.</summary>
    string Connector { get; }

    /// <summary>The destination of all its values; null = each value decides.</summary>
    string? Fixed { get; }

    /// <summary>How the topic is created where it is missing; null = it is waited for.</summary>
    TopicSpec? Create { get; }
}
