using StreamActors.Shards;

namespace StreamActors.Snapshots;

/// <summary>
/// What a shard saves: its event time and its parts, each under its name. A part that is new finds nothing and starts
/// empty; one that is gone is left alone.
/// </summary>
internal static class ShardSnapshot
{
    private const long Format = 1;

    /// <summary>Writes all parts of a shard.</summary>
    public static ReadOnlyMemory<byte> Save(ShardContext context)
    {
        var output = new SnapshotWriter();
        output.Write(Format);
        output.Write(context.UtcNow);
        context.EventClock.Save(output);
        output.Write(context.Parts.Count);
        foreach (var part in context.Parts)
        {
            var section = new SnapshotWriter();
            part.Save(section);
            output.Write(part.Name);
            output.Write(section.Written.Span);
        }

        return output.Written;
    }

    /// <summary>Gives the parts of a shard that has just been made what was saved.</summary>
    /// <param name="context">The shard's; with the time of now.</param>
    /// <param name="bytes">What <see cref="Save"/> wrote.</param>
    /// <exception cref="InvalidOperationException">It is of another format.</exception>
    public static void Load(ShardContext context, ReadOnlySpan<byte> bytes)
    {
        var input = new SnapshotReader(bytes);
        if (input.ReadNumber() is var format && format != Format)
        {
            throw new InvalidOperationException(
                $"The snapshot of the shard {context.Inputs[0]} has the format {format}; this program reads {Format}.");
        }

        var away = context.UtcNow - input.ReadNumber();
        context.EventClock.Load(ref input);
        for (var left = input.ReadNumber(); left > 0; left--)
        {
            var name = input.ReadText();
            var section = new SnapshotReader(input.ReadBytes());
            context.Parts.FirstOrDefault(part => part.Name == name)?.Load(ref section, away);
        }
    }
}
