using System.Buffers;
using StreamActors.Pipelines;
using StreamActors.Records;

namespace StreamActors.Snapshots;

/// <summary>
/// What the stored state of a group depends on, as one small JSON text beside it: which entities there are, the version
/// of their states, and how many partitions the topics have by which their keys are spread. A program whose own is
/// another, and not one that follows it, must not touch the state.
/// </summary>
/// <param name="Format">The form of this text; a release reads its own and older ones.</param>
/// <param name="Entities">The entities that have, or had, state there.</param>
internal sealed record Fingerprint(int Format, IReadOnlyList<FingerprintEntity> Entities)
{
    private const int OwnFormat = 1;

    private static readonly ICodec<Fingerprint> Codec = Json.Of<Fingerprint>();

    /// <summary>That of a pipeline.</summary>
    /// <param name="definition">The pipeline.</param>
    /// <param name="partitions">How many partitions its topics have.</param>
    public static Fingerprint Of(PipelineDefinition definition, IReadOnlyDictionary<string, int> partitions)
    {
        var entities =
            from entity in definition.Entities
            let topics = definition.TopicsOf(entity)
            select new FingerprintEntity(entity.Name, entity.Version, partitions[topics[0]], topics);
        return new Fingerprint(OwnFormat, [.. entities]);
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="FingerprintException">It is of no use.</exception>
    public static Fingerprint Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return new Fingerprint(OwnFormat, []);
        }

        if (!Codec.TryRead(bytes, out var found, out var rejection))
        {
            throw new FingerprintException(
                $"It cannot be read: {rejection}. Find who writes there; once it is deleted, it is written anew, and "
                + "each shard still refuses a state that it cannot use.");
        }

        return found.Format <= OwnFormat ? found : throw new FingerprintException(
            $"It has the format {found.Format}, and this program reads {OwnFormat}: run the newer release that wrote "
            + "it.");
    }

    /// <summary>Writes it.</summary>
    public ReadOnlyMemory<byte> ToBytes()
    {
        var output = new ArrayBufferWriter<byte>();
        Codec.Write(this, output);
        return output.WrittenMemory;
    }

    /// <summary>Why a program must not go on with state, with the ways out; empty where it may.</summary>
    /// <param name="stored">What is stored.</param>
    /// <param name="definition">The program's pipeline, of which this is the fingerprint.</param>
    public IEnumerable<string> Differences(Fingerprint stored, PipelineDefinition definition)
    {
        foreach (var own in Entities)
        {
            if (stored.Find(own.Name) is not { } old)
            {
                continue;
            }

            var kind = definition.Entities.First(each => each.Name == own.Name);

            if (old.Version > own.Version)
            {
                yield return $"The entity {own.Name} has states of version {old.Version} there, and this program has "
                    + $"version {own.Version}: it is an older release. Run one that has version {old.Version}.";
            }

            if (old.Version < own.Version && !kind.CanUpgrade)
            {
                yield return $"The entity {own.Name} has states of version {old.Version} there, and this program has "
                    + $"version {own.Version} and no way from the one to the other: {kind.UpgradeRemedy}.";
            }

            if (old.Partitions != own.Partitions)
            {
                yield return DifferentPartitions(own, old.Partitions, own.Partitions);
            }
        }

        var fresh = Entities.Where(own => stored.Find(own.Name) is null).Select(static own => own.Name).ToList();
        foreach (var old in stored.Entities.Where(old =>
            !old.IsLeft && fresh.Count > 0 && Find(old.Name) is null && !definition.Retired.Contains(old.Name)))
        {
            yield return $"The entity {old.Name} has states there, and this program has none of that name, but "
                + $"{string.Join(" and ", fresh)}, of which nothing is stored. If one of these is the same by another "
                + $"name, let its state keep the old one: EntityOptions.Name = \"{old.Name}\". If it is gone for good, "
                + $"say Retire(\"{old.Name}\") in the pipeline, which deletes its states.";
        }
    }

    /// <summary>Why a partition must not be read that came while the program ran; null where it may be.</summary>
    public string? Difference(PartitionId partition) =>
        Entities.FirstOrDefault(own => own.Topics.Contains(partition.Topic) && partition.Number >= own.Partitions)
            is { } entity
            ? DifferentPartitions(entity with { Topics = [partition.Topic] }, entity.Partitions, partition.Number + 1)
            : null;

    /// <summary>
    /// What is to be stored from here on: this, and those of old that this has not, which stay as they are.
    /// </summary>
    public Fingerprint Following(Fingerprint stored) => this with
    {
        Entities =
        [
            .. Entities.Concat(
                stored.Entities.Where(old => Find(old.Name) is null).Select(static old => old with { IsLeft = true }))
                .OrderBy(static each => each.Name, StringComparer.Ordinal),
        ],
    };

    /// <summary>An entity by its name; null where it has none such.</summary>
    public FingerprintEntity? Find(string name) => Entities.FirstOrDefault(each => each.Name == name);

    private static string DifferentPartitions(FingerprintEntity entity, int before, int now) =>
        $"The states of the entity {entity.Name} are spread over {before} partitions of "
        + $"{string.Join(" and ", entity.Topics)}, and there are {now}: most keys lie in another partition now, and "
        + $"would begin anew there. Feed the entity by .Repartition(…) with {before} partitions and the "
        + "partitioner that filled the topic so far, which keeps each key with its state; or write to a topic of "
        + $"{before} partitions; or begin anew, with another GroupId or by streamactors reset.";
}

/// <summary>An entity that has state.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">The highest version of its states.</param>
/// <param name="Partitions">How many partitions each of its topics has.</param>
/// <param name="Topics">The topics that feed it.</param>
internal sealed record FingerprintEntity(string Name, int Version, int Partitions, IReadOnlyList<string> Topics)
{
    /// <summary>Whether the last program that went on with the state no longer had it.</summary>
    public bool IsLeft { get; init; }
}
