using System.Buffers.Binary;
using System.Security.Cryptography;
using StreamActors.Metrics;
using StreamActors.Records;
using StreamActors.Shards;

namespace StreamActors.Pipelines;

/// <summary>What a route does with a record, whatever its types.</summary>
internal interface IRouteSteps
{
    /// <summary>Where its values go; null while it leads nowhere.</summary>
    IOutputs? Outputs { get; }

    /// <summary>What becomes of bytes when they are read; what user code throws passes through.</summary>
    Reading Read(ReadOnlySpan<byte> bytes);

    /// <summary>Makes the route's runner for a shard.</summary>
    IRouteRunner MakeRunner(RouteDefinition route, RouteCounters counters, ShardContext context);
}

/// <summary>Read → dedup → stage, for values of a type.</summary>
internal sealed class RouteSteps<T>(IReader<T> reader) : IRouteSteps
    where T : allows ref struct
{
    private StageFactory? stage;

    /// <summary>Makes what stands behind reading and dedup, for a shard.</summary>
    /// <param name="context">What the shard lends.</param>
    /// <param name="deadLetters">Takes what is given up.</param>
    /// <param name="release">
    /// Takes the id of a value out of dedup again: for a stage that gives up a record after its call has returned.
    /// </param>
    public delegate IStage<T> StageFactory(ShardContext context, DeadLetters deadLetters, Release<T> release);

    /// <summary>Reads the values.</summary>
    public IReader<T> Reader { get; set; } = reader;

    /// <summary>How duplicates are found; null = by position only.</summary>
    public DedupRule? Dedup { get; set; }

    /// <summary>What tells entities with the same record key apart.</summary>
    public List<Func<T, ReadOnlySpan<byte>>> SubKeys { get; } = [];

    /// <summary>Whether a step was said that is about these values: none may take their place then.</summary>
    public bool AreUsed => Dedup is not null || SubKeys.Count > 0 || IsEnded;

    /// <summary>Whether it was said what stands behind reading and dedup.</summary>
    public bool IsEnded => stage is not null;

    /// <inheritdoc/>
    public IOutputs? Outputs { get; private set; }

    /// <inheritdoc/>
    public Reading Read(ReadOnlySpan<byte> bytes)
    {
        var eventTime = 0L;
        return Reader.Read(bytes, ref eventTime, out _, out _);
    }

    /// <inheritdoc/>
    public IRouteRunner MakeRunner(RouteDefinition route, RouteCounters counters, ShardContext context) =>
        new RouteRunner<T>(route, this, counters, context);

    /// <summary>Ends the route.</summary>
    /// <param name="route">The route.</param>
    /// <param name="outputs">Where its values go.</param>
    /// <param name="factory">Makes what stands behind reading and dedup.</param>
    public void End(RouteDefinition route, IOutputs outputs, StageFactory factory)
    {
        if (stage is not null)
        {
            route.Mistakes.Add(
                $"The route {route.Name} ends twice, and would do only what the second says: end it once; "
                + "To may be said again behind it, and takes several targets.");
        }

        Outputs = outputs;
        stage = factory;
    }

    /// <summary>Makes what stands behind reading and dedup, for a shard.</summary>
    public IStage<T> MakeStage(ShardContext context, DeadLetters deadLetters, Release<T> release) =>
        stage?.Invoke(context, deadLetters, release)
        ?? throw new InvalidOperationException("The route leads nowhere.");

    /// <summary>How duplicates are found within a route.</summary>
    /// <param name="Id">The record's id; null = the record has none and is no duplicate.</param>
    /// <param name="Window">How long an id counts as seen; zero turns it off.</param>
    /// <param name="PerKey">Whether an id names a record among those of its key only.</param>
    public sealed record DedupRule(Func<T, UInt128?> Id, TimeSpan Window, bool PerKey)
    {
        /// <summary>What the set holds for a value; null = nothing.</summary>
        public UInt128? Of(T value, ReadOnlySpan<byte> key) =>
            Id(value) is not { } id ? null : PerKey ? Mix(id, key) : id;

        /// <summary>128 bits of the SHA-256 of both.</summary>
        private static UInt128 Mix(UInt128 id, ReadOnlySpan<byte> key)
        {
            Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
            var both = key.Length <= 256 ? stackalloc byte[16 + key.Length] : new byte[16 + key.Length];
            BinaryPrimitives.WriteUInt128LittleEndian(both, id);
            key.CopyTo(both[16..]);
            SHA256.HashData(both, digest);
            return BinaryPrimitives.ReadUInt128LittleEndian(digest);
        }
    }
}

/// <summary>Takes the id of a value out of dedup again, whose record is given up.</summary>
/// <param name="value">The value.</param>
/// <param name="key">Its record's key.</param>
internal delegate void Release<in T>(T value, ReadOnlySpan<byte> key)
    where T : allows ref struct;
