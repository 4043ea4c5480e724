using System.Buffers;
using System.Text;
using System.Text.Json;
using StreamActors.Pipelines.RideShare;

namespace StreamActors.Pipelines.Tests.RideShare;

/// <summary>
/// What the original's validation (pydantic 2, lax) makes of 3,478 good, odd and broken records of all topics, against
/// what ours makes of them; <c>Golden/make.py</c> says how they were made.
/// </summary>
public sealed class GoldenTests
{
    private static readonly Guid NewId = new("00000000-0000-4000-8000-000000000001");

    public static TheoryData<string> Topics => [.. RideShareTopics.All.Select(topic => topic.Name)];

    [Theory]
    [MemberData(nameof(Topics))]
    public void What_the_original_accepts_is_published_as_the_original_does_and_all_else_is_refused(string topic)
    {
        var codec = RideShareTopics.Find(topic)!.Codec(() => NewId);
        var differences = Cases().Where(c => c.Topic == topic)
            .Select(c => Difference(codec, c.Value, c.Published))
            .OfType<string>()
            .ToList();
        differences.ShouldBeEmpty();
    }

    [Fact]
    public void The_cases_cover_every_topic_with_accepted_and_refused_records()
    {
        var cases = Cases().ToLookup(c => c.Topic);
        foreach (var topic in RideShareTopics.All)
        {
            cases[topic.Name].Count(c => c.Published is not null).ShouldBeGreaterThan(50);
            cases[topic.Name].Count(c => c.Published is null).ShouldBeGreaterThan(100);
        }
    }

    internal static IEnumerable<(string Topic, byte[] Value, byte[]? Published)> Cases()
    {
        using var stream = typeof(GoldenTests).Assembly.GetManifestResourceStream("events.tsv")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            var columns = line.Split('\t');
            yield return (
                columns[0],
                Convert.FromBase64String(columns[1]),
                columns[2] == "-" ? null : Convert.FromBase64String(columns[2]));
        }
    }

    private static string? Difference(RideEventCodec codec, byte[] value, byte[]? published)
    {
        string Told(string what) => $"{what}: {Encoding.UTF8.GetString(value)}";
        if (!codec.TryRead(value, out var read, out var rejection))
        {
            return published is null ? null : Told($"refused ({rejection})");
        }

        if (published is null)
        {
            return Told("accepted");
        }

        var output = new ArrayBufferWriter<byte>();
        codec.Write(in read, output);
        var (ours, theirs) = (Canonical(output.WrittenSpan), Canonical(published));
        return ours == theirs ? null : Told($"\nours   {ours}\ntheirs {theirs}\n");
    }

    /// <summary>
    /// The members in order and their values; strings without escapes, numbers by their double, and whether they are
    /// whole (1) or not (1.0): what Python tells apart when it reads the message back.
    /// </summary>
    private static string Canonical(ReadOnlySpan<byte> json)
    {
        var text = new StringBuilder();
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            text.Append(reader.TokenType switch
            {
                JsonTokenType.PropertyName => $"{reader.GetString()}=",
                JsonTokenType.String => $"'{reader.GetString()}' ",
                JsonTokenType.Number => Number(reader.ValueSpan),
                _ => Encoding.UTF8.GetString(reader.ValueSpan) + " ",
            });
        }

        return text.ToString();
    }

    private static string Number(ReadOnlySpan<byte> digits)
    {
        var isFloat = digits.ContainsAny(".eE"u8);
        var text = Encoding.UTF8.GetString(digits);
        return isFloat ? $"{double.Parse(text):R}f " : $"{text} ";
    }
}
