using StreamActors.Limits;

namespace StreamActors.Configuration;

/// <summary>What configuration may say of a pipeline, whatever its routes are.</summary>
internal sealed record PipelineSettings
{
    /// <summary>The consumer group.</summary>
    public required string GroupId { get; init; }

    /// <summary>Where a group starts that has never committed an offset for a topic.</summary>
    public required StartAt StartAt { get; init; }

    /// <summary>What keeps its state: a connector's name, or a word of <see cref="StreamActors.Store"/>.</summary>
    public required string Store { get; init; }

    /// <summary>What a shard does whose store does not have what it acknowledged.</summary>
    public required LostState OnLostState { get; init; }

    /// <summary>
    /// Records a second that a node reads at most; 0 = no bound. It may change while the pipeline runs.
    /// </summary>
    public required int MaxRecordsPerSecond { get; init; }

    /// <summary>The bounds.</summary>
    public required PipelineLimits Limits { get; init; }

    /// <summary>What happens by the clock.</summary>
    public required PipelineTiming Timing { get; init; }

    /// <summary>How its <c>MapAsync</c> steps call, by their names.</summary>
    public required IReadOnlyDictionary<string, MapAsyncOptions> Maps { get; init; }

    /// <summary>What a pipeline has now.</summary>
    public static PipelineSettings Of(PipelineBuilder pipeline) => new PipelineSettings
    {
        GroupId = pipeline.GroupId,
        StartAt = pipeline.StartAt,
        Store = pipeline.Store,
        OnLostState = pipeline.OnLostState,
        MaxRecordsPerSecond = pipeline.MaxRecordsPerSecond,
        Limits = pipeline.Limits,
        Timing = pipeline.Timing,
        Maps = pipeline.Maps,
    };

    /// <summary>What a pipeline of the name has, with steps of these names, where its code sets nothing.</summary>
    public static PipelineSettings Standard(string pipeline, IEnumerable<string> maps) =>
        Of(new PipelineBuilder(pipeline)) with
        {
            Maps = maps.ToDictionary(static name => name, static _ => new MapAsyncOptions()),
        };

    /// <summary>Reads the settings over those that the code gives; mistakes are the reader's.</summary>
    public static PipelineSettings Read(SettingsReader reader, PipelineSettings given) => new PipelineSettings
    {
        GroupId = reader.Text(nameof(GroupId), given.GroupId),
        StartAt = reader.OneOf(nameof(StartAt), given.StartAt),
        Store = reader.Text(nameof(Store), given.Store),
        OnLostState = reader.OneOf(nameof(OnLostState), given.OnLostState),
        MaxRecordsPerSecond = reader.Number(nameof(MaxRecordsPerSecond), given.MaxRecordsPerSecond, 0),
        Limits = PipelineLimits.Read(reader.Section(nameof(Limits)), given.Limits),
        Timing = PipelineTiming.Read(reader.Section(nameof(Timing)), given.Timing),
        Maps = given.Maps.ToDictionary(
            static map => map.Key,
            map => MapAsyncOptions.Read(reader.Section(nameof(Maps)).Section(map.Key), map.Value)),
    };

    /// <summary>Gives the settings to a pipeline.</summary>
    public void ApplyTo(PipelineBuilder pipeline)
    {
        pipeline.GroupId = GroupId;
        pipeline.StartAt = StartAt;
        pipeline.Store = Store;
        pipeline.OnLostState = OnLostState;
        pipeline.MaxRecordsPerSecond = MaxRecordsPerSecond;
        pipeline.Limits = Limits;
        pipeline.Timing = Timing;
        pipeline.Maps = Maps;
    }
}
