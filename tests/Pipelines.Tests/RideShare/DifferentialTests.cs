using System.Buffers;
using System.Text;
using System.Text.Json;
using StreamActors.Pipelines.RideShare;
using StreamActors.Pipelines.RideShare.Simulation;

namespace StreamActors.Pipelines.Tests.RideShare;

/// <summary>
/// The hand-written scanner against System.Text.Json, and its two tiers against each other, on the simulator's events,
/// on events whose bytes were changed at random, and on the golden cases. Each run prints its seed.
/// </summary>
public sealed class DifferentialTests
{
    private static readonly string[] Pieces =
        ["\"", "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "0", "-", ".", "e", "E5", "1", "null", "true", "\\u00e9",
         "\\ud800", "é", "\0", "\t", "\"event_id\":", "\"timestamp\":7,", "{\"a\":[]}", "//", "'", "\u0080", "1e999"];

    [Fact]
    public void What_is_refused_as_JSON_is_what_a_strict_reader_refuses()
    {
        var seed = Environment.ProcessId;
        var random = new Random(seed);
        var samples = Samples(seed).ToArray();
        for (var run = 0; run < 40_000; run++)
        {
            var (topic, sample) = samples[random.Next(samples.Length)];
            var record = Mutate(sample, random);
            var accepted = topic.Codec(() => Published.NewId).TryRead(record, out var value, out var rejection);
            var isObject = IsObject(record, out var isJson);
            var notObject = !accepted && rejection.Field is "";
            var agree = isObject == !notObject
                && (!notObject || isJson == (rejection.Problem == "is not a JSON object"));
            if (accepted)
            {
                // Whatever leaves is JSON, and is accepted again and then leaves as it is.
                var output = new ArrayBufferWriter<byte>();
                topic.Codec(() => Published.NewId).Write(in value, output);
                agree &= IsObject(output.WrittenSpan.ToArray(), out _)
                    && Published.Json(topic, output.WrittenSpan) == Encoding.UTF8.GetString(output.WrittenSpan);
            }

            if (!agree)
            {
                Assert.Fail(
                    $"seed {seed}, run {run}, {topic.Name}, {rejection}: {Convert.ToBase64String(record)}");
            }
        }
    }

    [Fact]
    public void Both_tiers_of_the_reader_make_the_same_of_a_record()
    {
        var seed = Environment.ProcessId;
        foreach (var (topic, record) in Samples(seed).Where(s => s.Record.Length > 0))
        {
            // White space in front, and before each member, keeps the first tier from reading anything.
            var spaced = Encoding.UTF8.GetBytes(" " + Encoding.UTF8.GetString(record).Replace(",\"", ", \""));
            var codec = topic.Codec(() => Published.NewId);
            var accepted = codec.TryRead(record, out _, out var rejection);
            codec.TryRead(spaced, out _, out var slowRejection).ShouldBe(accepted, $"seed {seed}");
            slowRejection.ShouldBe(rejection);
            if (accepted)
            {
                Published.Json(topic, spaced).ShouldBe(Published.Json(topic, record), $"seed {seed}");
            }
        }
    }

    [Fact]
    public void The_simulator_s_events_are_read_by_the_first_tier_alone_and_leave_in_one_piece()
    {
        foreach (var (topic, record) in Samples(seed: 7, malformed: 0))
        {
            topic.Codec(() => Published.NewId).TryRead(record, out var value, out var rejection)
                .ShouldBeTrue(rejection.ToString());
            var fields = topic.Schema.Fields;

            // A profile without preferred zones has a gap there; routes, lists of lists, are for the second tier.
            var expected = topic == RideShareTopics.DriverProfiles ? 9
                : record.AsSpan().IndexOf("\"route\":["u8) >= 0 ? 16
                : fields.Length;
            value.VerbatimFields.ShouldBe(expected, topic.Name);
        }
    }

    [Fact]
    public void A_reader_of_trees_finds_the_same_values()
    {
        foreach (var (topic, record) in Samples(seed: 11, malformed: 0))
        {
            using var input = JsonDocument.Parse(record);
            using var output = JsonDocument.Parse(Published.Json(topic, record));
            foreach (var member in output.RootElement.EnumerateObject().Where(m => m.Name != "event_type"))
            {
                var came = input.RootElement.GetProperty(member.Name);
                JsonElement.DeepEquals(member.Value, came).ShouldBeTrue(member.Name);
            }
        }
    }

    private static List<(RideShareTopic Topic, byte[] Record)> Samples(int seed, double malformed = 0.1)
    {
        var samples = new List<(RideShareTopic, byte[])>();
        var world = new World(new WorldOptions { Drivers = 200, Rate = 1_000, Malformed = malformed, Seed = seed });
        world.Step(TimeSpan.FromSeconds(20), (topic, _, value) => samples.Add((topic, value.ToArray())));
        return samples;
    }

    private static byte[] Mutate(byte[] sample, Random random)
    {
        var record = sample.ToList();
        for (var times = random.Next(1, 4); times > 0 && record.Count > 0; times--)
        {
            var at = random.Next(record.Count);
            switch (random.Next(5))
            {
                case 0:
                    record.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]));
                    break;
                case 1:
                    record.RemoveRange(at, Math.Min(random.Next(1, 12), record.Count - at));
                    break;
                case 2:
                    record[at] = (byte)random.Next(256);
                    break;
                case 3:
                    var length = Math.Min(random.Next(1, 40), record.Count - at);
                    record.InsertRange(random.Next(record.Count), record.GetRange(at, length));
                    break;
                default:
                    record[at] = (byte)Pieces[random.Next(Pieces.Length)][0];
                    break;
            }
        }

        return [.. record];
    }

    private static bool IsObject(byte[] record, out bool isJson)
    {
        isJson = false;
        var reader = new Utf8JsonReader(record.AsSpan(record.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0));
        var isObject = false;
        try
        {
            for (var first = true; reader.Read(); first = false)
            {
                isObject |= first && reader.TokenType == JsonTokenType.StartObject;
            }

            // The reader checks UTF-8 only where a string is asked for.
            isJson = System.Text.Unicode.Utf8.IsValid(record) && reader.BytesConsumed > 0;
        }
        catch (JsonException)
        {
            return false;
        }

        return isJson && isObject;
    }
}
