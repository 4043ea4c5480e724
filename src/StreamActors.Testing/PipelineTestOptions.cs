using Microsoft.Extensions.Configuration;

namespace StreamActors.Testing;

/// <summary>How a pipeline is tested.</summary>
public sealed record PipelineTestOptions
{
    /// <summary>The pipeline's name, as dead letters carry it.</summary>
    public string Name { get; init; } = "test";

    /// <summary>
    /// What the host's configuration would be: the settings below <c>StreamActors:Pipelines:NAME</c>, those that the
    /// pipeline's code reads by <see cref="PipelineBuilder.Settings"/>, and an <c>IConfiguration</c> among the
    /// services. Mistakes are those of the start, a <see cref="PipelineException"/>. Null = nothing is configured.
    /// </summary>
    public IConfiguration? Configuration { get; init; }

    /// <summary>
    /// What decides all chance of the engine: the order of turns where several shards have work, hash seeds, jitter,
    /// the phase of windows. The same seed gives the same run; run a test with many seeds to try many schedules.
    /// </summary>
    public int Seed { get; init; } = 1;

    /// <summary>
    /// Whether each wait before a next attempt, of a call, a sink or a shard, is up to a fifth shorter or longer, as
    /// in production. Without it a wait is as long as its policy says, so that a test can assert its end.
    /// </summary>
    public bool Jitter { get; init; } = true;

    /// <summary>How many partitions a topic has; <see cref="PipelineTest.Partitions"/> sets those of one.</summary>
    public int Partitions { get; init; } = 1;

    /// <summary>
    /// The clock, where fakes need it before the test is made, or the test is about another time than the first of
    /// January 2026; null = one of the test's own.
    /// </summary>
    public VirtualTime? Time { get; init; }
}

/// <summary>What a record that a test sends has beside key and value.</summary>
public sealed record SendOptions
{
    /// <summary>Its headers, in order; a null value is a header without one.</summary>
    public IReadOnlyList<(string Name, string? Value)> Headers { get; init; } = [];

    /// <summary>
    /// Its time; null = the virtual time at which it is sent. One that is ahead of the virtual time by more than the
    /// pipeline's <c>MaxEventTimeLead</c> fires no event timers, as in production: <see cref="PipelineTest.Advance"/>
    /// first, or give the test a clock that begins later.
    /// </summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>Its partition; null = by a hash of its key, and partition 0 without one.</summary>
    public int? Partition { get; init; }
}
