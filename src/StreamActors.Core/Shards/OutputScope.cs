using StreamActors.Sinks;

namespace StreamActors.Shards;

/// <summary>
/// The outputs that one record causes, as a unit: all of them leave, or, when user code throws on the way, none.
/// </summary>
/// <param name="lanes">The lanes that the route emits to.</param>
/// <param name="context">The shard's.</param>
internal sealed class OutputScope(IReadOnlyList<SinkLane> lanes, ShardContext context)
{
    private readonly (int Count, int Used)[] marks = new (int, int)[lanes.Count];
    private Origin origin;
    private int added;

    /// <summary>Whether the unit has no output.</summary>
    public bool IsEmpty => added == 0;

    /// <summary>Starts a unit: what is added from here on belongs to this record.</summary>
    public void Begin(Origin cause)
    {
        origin = cause;
        added = 0;
        for (var i = 0; i < marks.Length; i++)
        {
            marks[i] = lanes[i].Filling.Mark();
        }
    }

    /// <summary>Takes note of an output of the unit: the record is done only when it is acknowledged.</summary>
    public void Added()
    {
        added++;
        context.Retain(origin);
    }

    /// <summary>Takes back all outputs of the unit.</summary>
    public void Undo()
    {
        for (var i = 0; i < marks.Length; i++)
        {
            lanes[i].Filling.Rollback(marks[i]);
        }

        while (added > 0)
        {
            added--;
            context.Complete(origin);
        }
    }
}
