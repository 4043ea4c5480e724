using StreamActors.Calls;
using StreamActors.Metrics;

namespace StreamActors.Pipelines;

/// <summary>A <c>MapAsync</c> step: how it was composed, and what its shards in this process share.</summary>
/// <param name="name">Its name in settings, metrics and logs.</param>
/// <param name="options">How the code has it.</param>
internal sealed class MapDefinition(string name, MapAsyncOptions options)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    /// <summary>Its name in settings, metrics and logs.</summary>
    public string Name { get; } = name;

    /// <summary>How it calls: as the code has it, until configuration is applied.</summary>
    public MapAsyncOptions Options { get; set; } = options;

    /// <summary>What became of its calls.</summary>
    public CallCounters Counters { get; } = new();

    /// <summary>Whether its calls succeed at all.</summary>
    public CallWatch Watch { get; } = new();

    /// <summary>
    /// After how long without a failure nothing waits for a call any more, in milliseconds: the longest wait, jitter
    /// included, and the longest call, and a minute.
    /// </summary>
    public long QuietAfter => (long)((Options.Retry.Longest * 1.2) + Options.Timeout + Minute).TotalMilliseconds;
}
