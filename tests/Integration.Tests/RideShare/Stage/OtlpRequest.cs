using System.Buffers.Binary;
using System.Text;

namespace StreamActors.Tests.RideShare;

/// <summary>
/// A strict reader of OTLP's <c>ExportMetricsServiceRequest</c>, made from opentelemetry-proto's field numbers and from
/// nothing of the code under test: a field that it does not know, or of another wire type, is an error.
/// </summary>
/// <param name="Resource">The attributes of the sender.</param>
/// <param name="Metrics">The metrics by name; a name that comes twice is an error.</param>
internal sealed record OtlpRequest(
    IReadOnlyDictionary<string, string> Resource, IReadOnlyDictionary<string, OtlpMetric> Metrics)
{
    /// <summary>The value of the only point of a counter or gauge.</summary>
    public double this[string name] => Metrics[name].Points.ShouldHaveSingleItem(name).Value!.Value;

    public static OtlpRequest Parse(ReadOnlyMemory<byte> bytes)
    {
        var resourceMetrics = Message(Fields(bytes).ShouldHaveSingleItem(), 1);
        var (resource, metrics) = (new Dictionary<string, string>(), new Dictionary<string, OtlpMetric>());
        foreach (var field in Fields(resourceMetrics))
        {
            if (field.Number == 1)
            {
                foreach (var attribute in Fields(Message(field, 1)))
                {
                    AddAttribute(resource, Message(attribute, 1));
                }

                continue;
            }

            var scope = Fields(Message(field, 2)).ToList();
            Text(Fields(Message(scope[0], 1)).ShouldHaveSingleItem(), 1).ShouldBe("StreamActors");
            foreach (var metric in scope.Skip(1).Select(static each => OtlpMetric.Parse(Message(each, 2))))
            {
                metrics.Add(metric.Name, metric);
            }
        }

        return new(resource, metrics);
    }

    internal static void AddAttribute(Dictionary<string, string> attributes, ReadOnlyMemory<byte> bytes)
    {
        var fields = Fields(bytes).ToList();
        fields.Count.ShouldBe(2);
        attributes.Add(Text(fields[0], 1), Text(Fields(Message(fields[1], 2)).ShouldHaveSingleItem(), 1));
    }

    internal static IEnumerable<Field> Fields(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var tag = Varint(ref bytes);
            var (number, type) = ((int)(tag >> 3), (int)(tag & 7));
            yield return type switch
            {
                0 => new(number, type, Varint(ref bytes), default),
                1 => new(number, type, BinaryPrimitives.ReadUInt64LittleEndian(Take(ref bytes, 8).Span), default),
                2 => new(number, type, 0, Take(ref bytes, (int)Varint(ref bytes))),
                _ => throw new FormatException($"the wire type {type} of field {number}"),
            };
        }
    }

    internal static ReadOnlyMemory<byte> Message(Field field, int number) => Expect(field, number, 2).Bytes;

    internal static string Text(Field field, int number) =>
        Encoding.UTF8.GetString(Expect(field, number, 2).Bytes.Span);

    internal static Field Expect(Field field, int number, int type) => (field.Number, field.Type) == (number, type)
        ? field
        : throw new FormatException($"field {field.Number} of wire type {field.Type} where {number} of {type} is due");

    private static ulong Varint(ref ReadOnlyMemory<byte> bytes)
    {
        for (var (value, shift) = (0UL, 0); ; shift += 7)
        {
            var next = Take(ref bytes, 1).Span[0];
            value |= (ulong)(next & 127) << shift;
            if (next < 128)
                return value;
        }
    }

    private static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> bytes, int count)
    {
        var taken = bytes[..count];
        bytes = bytes[count..];
        return taken;
    }

    internal readonly record struct Field(int Number, int Type, ulong Value, ReadOnlyMemory<byte> Bytes)
    {
        public double Double => BitConverter.UInt64BitsToDouble(Value);
    }
}

/// <summary>A metric.</summary>
/// <param name="Kind">gauge, counter or histogram; a counter is a monotonic sum.</param>
/// <param name="IsCumulative">Whether its temporality is stated, as cumulative; a gauge has none.</param>
internal sealed record OtlpMetric(
    string Name, string Description, string Unit, string Kind, bool IsCumulative, IReadOnlyList<OtlpPoint> Points)
{
    public static OtlpMetric Parse(ReadOnlyMemory<byte> bytes)
    {
        var fields = OtlpRequest.Fields(bytes).ToList();
        fields.Count.ShouldBe(4);
        var kind = fields[3].Number switch
        {
            5 => "gauge",
            7 => "counter",
            9 => "histogram",
            var other => throw new FormatException($"metrics have no data of field {other}"),
        };
        var data = OtlpRequest.Fields(OtlpRequest.Message(fields[3], fields[3].Number)).ToList();
        var points = data.TakeWhile(static field => field.Number == 1)
            .Select(field => OtlpPoint.Parse(OtlpRequest.Message(field, 1), kind == "histogram")).ToList();
        (int, int, ulong)[] rest =
            [.. data.Skip(points.Count).Select(static each => (each.Number, each.Type, each.Value))];
        rest.ShouldBe(kind switch
        {
            "gauge" => [],
            "counter" => [(2, 0, 2UL), (3, 0, 1UL)],
            _ => [(2, 0, 2UL)],
        });
        return new(
            OtlpRequest.Text(fields[0], 1), OtlpRequest.Text(fields[1], 2), OtlpRequest.Text(fields[2], 3), kind,
            rest is [(2, 0, 2), ..], points);
    }
}

/// <summary>A point of a metric: a number, or the buckets of a histogram.</summary>
internal sealed record OtlpPoint
{
    public Dictionary<string, string> Attributes { get; } = [];

    public ulong StartNanoseconds { get; private set; }

    public ulong Nanoseconds { get; private set; }

    public double? Value { get; private set; }

    public ulong Count { get; private set; }

    public double Sum { get; private set; }

    public ulong[] Buckets { get; private set; } = [];

    public double[] Bounds { get; private set; } = [];

    public static OtlpPoint Parse(ReadOnlyMemory<byte> bytes, bool isHistogram)
    {
        var point = new OtlpPoint();
        foreach (var field in OtlpRequest.Fields(bytes))
        {
            point.Take(field, isHistogram);
        }

        return point;
    }

    private void Take(OtlpRequest.Field field, bool isHistogram)
    {
        switch (field.Number, isHistogram)
        {
            case (2, _): StartNanoseconds = OtlpRequest.Expect(field, 2, 1).Value; break;
            case (3, _): Nanoseconds = OtlpRequest.Expect(field, 3, 1).Value; break;
            case (4, false): Value = OtlpRequest.Expect(field, 4, 1).Double; break;
            case (7, false): OtlpRequest.AddAttribute(Attributes, OtlpRequest.Message(field, 7)); break;
            case (4, true): Count = OtlpRequest.Expect(field, 4, 1).Value; break;
            case (5, true): Sum = OtlpRequest.Expect(field, 5, 1).Double; break;
            case (6, true): Buckets = Packed(OtlpRequest.Message(field, 6)); break;
            case (7, true):
                Bounds = Array.ConvertAll(Packed(OtlpRequest.Message(field, 7)), BitConverter.UInt64BitsToDouble);
                break;
            case (9, true): OtlpRequest.AddAttribute(Attributes, OtlpRequest.Message(field, 9)); break;
            default: throw new FormatException($"a point has no field {field.Number}");
        }
    }

    private static ulong[] Packed(ReadOnlyMemory<byte> bytes) =>
        [.. bytes.ToArray().Chunk(8).Select(static each => BinaryPrimitives.ReadUInt64LittleEndian(each))];
}
