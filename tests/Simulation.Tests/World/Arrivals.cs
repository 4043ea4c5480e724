using StreamActors.Records;

namespace StreamActors.Simulation.Tests.World;

/// <summary>All outputs that the sinks have seen, whoever sent them.</summary>
internal sealed class Arrivals
{
    private readonly HashSet<(string Sink, string What, PartitionId Partition, long Offset)> seen = [];

    /// <summary>A record's output that came again; null where none did.</summary>
    public Delivery? Repeated { get; private set; }

    public void Add(string sink, Delivery output)
    {
        if (!seen.Add((sink, output.What, output.Partition, output.Cause.Offset)) && output.IsOfRecord)
        {
            Repeated ??= output;
        }
    }

    public bool Has(string sink, string what, PartitionId partition, long offset) =>
        seen.Contains((sink, what, partition, offset));
}
