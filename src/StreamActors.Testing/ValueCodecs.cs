using System.Buffers;
using System.Text;
using StreamActors.Configuration;
using StreamActors.Pipelines;
using StreamActors.Sinks;

namespace StreamActors.Testing;

/// <summary>Writes what tests send, and reads what pipelines wrote, by the codecs of the definition.</summary>
internal static class ValueCodecs
{
    /// <summary>The bytes of a value for a route's topic.</summary>
    /// <exception cref="PipelineTestException">The route reads another type.</exception>
    public static byte[] Write<T>(RouteDefinition route, scoped in T value)
        where T : allows ref struct
    {
        if (route.Source is not TopicCodec<T> source)
        {
            throw new PipelineTestException(
                $"The topic {route.Topic} has values of the type {TypeName.Of(route.Source.ValueType)}, and not "
                + $"{TypeName.Of(typeof(T))}. Send one of those, or its bytes.");
        }

        var output = new ArrayBufferWriter<byte>();
        source.Codec.Write(in value, output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Refuses a destination that the pipeline cannot write to, such as a misspelt one.</summary>
    /// <exception cref="PipelineTestException">All its targets have fixed destinations, and it is none.</exception>
    public static void EnsureDestination(PipelineDefinition definition, string destination)
    {
        var known = definition.Routes
            .SelectMany(static route => route.Targets.Select(static target => target.Fixed))
            .ToList();
        known.AddRange(definition.Routes.Select(static route => route.DeadLetterTopic).OfType<string>());
        if (!known.Contains(null) && !known.Contains(destination))
        {
            throw new PipelineTestException(
                $"No target of the pipeline writes to {destination}. Its targets write to "
                + $"{string.Join(", ", known.Distinct())}.");
        }
    }

    /// <summary>Refuses bytes that a route accepts.</summary>
    /// <exception cref="PipelineTestException">It does.</exception>
    public static void EnsureRefused(RouteDefinition route, ReadOnlySpan<byte> bytes)
    {
        var does = "accept";
        try
        {
            if (route.Steps.Read(bytes) == Records.Reading.Refused)
            {
                return;
            }
        }
        catch (Exception error)
        {
            does = $"do not refuse (a Map, Where or Require throws {error.GetType().Name}: {error.Message})";
        }

        throw new PipelineTestException(
            $"The codec and the Require steps of {route.Topic} {does} these bytes: {Encoding.UTF8.GetString(bytes)}. "
            + "Use Send for them.");
    }

    /// <summary>Writes the values of a destination.</summary>
    public static ICodec<T> CodecOf<T>(PipelineDefinition definition, string destination)
    {
        var targets = definition.Routes.SelectMany(static route => route.Targets).OfType<Target<T>>().ToList();
        return (targets.Find(target => target.Fixed == destination) ?? targets[0]).Codec;
    }

    /// <summary>Reads what was written to a destination, each by the codec of the target that wrote it.</summary>
    /// <exception cref="PipelineTestException">No target writes values of the type, or the bytes are none.</exception>
    public static List<Decoded<T>> Read<T>(
        PipelineDefinition definition, string destination, IEnumerable<WrittenRecord> records)
    {
        var all = definition.Routes.SelectMany(static route => route.Targets).ToList();
        var targets = all.OfType<Target<T>>().ToList();
        if (targets.Count == 0)
        {
            var types = all.Select(static target => TypeName.Of(target.GetType().GetGenericArguments()[0])).Distinct();
            throw new PipelineTestException(
                $"No target of the pipeline writes values of the type {TypeName.Of(typeof(T))}: {destination} cannot "
                + $"be read as such. The targets write {string.Join(", ", types)}; ReadRaw gives their bytes.");
        }

        return [.. records.Select(record => Read(targets, record))];
    }

    private static Decoded<T> Read<T>(List<Target<T>> targets, WrittenRecord record)
    {
        var why = "";
        foreach (var target in targets.Where(target => target.Connector == record.Connector))
        {
            if (!target.Codec.TryRead(record.Value, out var value, out var rejection))
            {
                why = rejection.ToString();
            }
            else if (target.Destination(value) == record.Destination)
            {
                return new Decoded<T>(value, target.Codec, record);
            }
        }

        throw new PipelineTestException(
            $"What {record.Connector} wrote to {record.Destination} is no {TypeName.Of(typeof(T))} of a target that "
            + $"writes there{(why.Length > 0 ? $" (its codec says: {why})" : "")}. ReadRaw gives its bytes: "
            + record.Text);
    }
}

/// <summary>A value that was read out of what was written.</summary>
/// <param name="Value">The value.</param>
/// <param name="Codec">The codec of the target that wrote it.</param>
/// <param name="Record">What was written.</param>
internal sealed record Decoded<T>(T Value, ICodec<T> Codec, WrittenRecord Record);
