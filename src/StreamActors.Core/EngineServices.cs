using System.Reflection;
using StreamActors.Calls;
using StreamActors.Events;
using StreamActors.Shards;
using StreamActors.Snapshots;

namespace StreamActors;

/// <summary>What the engine takes from its surroundings: time, chance, threads and a place for what happened.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Random">
/// Chance, for jitter and hash seeds; used by whoever makes the pipeline, then by its poll thread alone. Each pipeline
/// needs its own.
/// </param>
/// <param name="Scheduler">Where turns come from.</param>
/// <param name="Events">Where to say what happened.</param>
internal sealed record EngineServices(TimeProvider Time, Random Random, ITurnScheduler Scheduler, IEngineEvents Events)
{
    /// <summary>How many pages of states may be on their way at once.</summary>
    internal const int PagesAtOnce = 4;

    /// <summary>Where the objects of user code come from; without a host, their parameterless constructors.</summary>
    public IScopes Scopes { get; init; } = new PlainScopes();

    /// <summary>Keeps the state of shards; null = it goes with them.</summary>
    internal IStateStore? Store { get; init; }

    /// <summary>
    /// The places for pages that shards read of their state, shared by all pipelines of the process, whose services are
    /// copies of the same: four answers of 256 KB on their way at once leave the connection to saves and to keys that
    /// somebody waits for.
    /// </summary>
    internal CallSlots StatePages { get; init; } = new(PagesAtOnce);

    /// <summary>
    /// How many entities of a kind a shard reads before it handles records; the rest is read meanwhile. As many take a
    /// store some 30 ms, which is less than a hand-over takes; below that, no record has to wait for its own state.
    /// </summary>
    internal int ReadAtOnce { get; init; } = 10_000;

    /// <summary>Sees what becomes of each record: for tests. Null, as in production: nobody does.</summary>
    internal IShardObserver? Observer { get; init; }

    /// <summary>
    /// Whether a wait before a next attempt is up to a fifth shorter or longer; a test may want it exact.
    /// </summary>
    internal bool HasJitter { get; init; } = true;

    /// <summary>The shortest time between two reports of one kind by a shard; a test hears each.</summary>
    internal TimeSpan ReportEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Chance for the waits of a <see cref="Backoff"/>: this one, or none at all.</summary>
    internal Random JitterOf(Random random) => HasJitter ? random : new Middle();

    /// <summary>Always in the middle: a wait is then as long as its policy says.</summary>
    private sealed class Middle : Random
    {
        public override double NextDouble() => 0.5;
    }

    private sealed class PlainScopes : IScopes, IScope
    {
        // What a constructor throws is what a retry filter looks at.
        private const BindingFlags Unwrapped =
            BindingFlags.Public | BindingFlags.Instance | BindingFlags.DoNotWrapExceptions;

        public IScope Open() => this;

        public T Make<T>()
            where T : class => (T)Activator.CreateInstance(typeof(T), Unwrapped, null, args: null, culture: null)!;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
