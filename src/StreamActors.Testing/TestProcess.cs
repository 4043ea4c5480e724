using Microsoft.Extensions.DependencyInjection;
using StreamActors.Hosting;
using StreamActors.Metrics;
using StreamActors.Pipelines;
using StreamActors.Sinks;

namespace StreamActors.Testing;

/// <summary>
/// One process with the pipeline under test: the real pipeline and its member of the group, on the caller's thread.
/// <code>
/// Send, Advance, … ─▶ Settle: turns until none waits ─▶ a round of the poll loop ─▶ again, until nothing can run
/// </code>
/// </summary>
internal sealed class TestProcess
{
    // A route that writes to a topic that it reads never comes to rest; no honest step takes a tenth of this.
    private const int MostTurns = 100_000;

    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(100);

    private readonly Surroundings around;
    private readonly ServiceProvider services;
    private readonly TurnQueue queue;
    private readonly MemorySource source;
    private readonly Pipeline pipeline;
    private GroupMember? member;
    private TimeSpan restlessUntil;
    private TimeSpan lastCommit;
    private int commits;

    /// <summary>Composes the pipeline; it joins its group by <see cref="Start"/>.</summary>
    /// <exception cref="PipelineException">The composition has mistakes.</exception>
    public TestProcess(Surroundings around)
    {
        this.around = around;
        services = around.MakeServices();
        queue = new TurnQueue(around.Time, new Random(around.Random.Next()));
        source = new MemorySource(around.Topics);
        var builder = around.Compose();
        var store = builder.Store == StreamActors.Store.None ? null : around.Store;
        Observer = new Observer(around.Trace, around.Topics, store is not null, around.Time.Elapsed);
        var sinks = builder.Connectors.ToDictionary(static name => name, name => (ISink)around.Sink(name));
        var random = new Random(around.Random.Next());
        pipeline = new Pipeline(builder, source, sinks, new EngineServices(around.Time, random, queue, around.Reports)
        {
            Scopes = new ServiceScopes(services),
            Store = store,
            ReadAtOnce = around.ReadAtOnce,
            Observer = Observer,
            ReportEvery = TimeSpan.Zero,
            HasJitter = around.Options.Jitter,
        });
        around.Reports.DeadLetterTopicOf = topic => RouteOf(topic)?.DeadLetterTopic;
        around.Reports.Restless = () => restlessUntil = around.Time.Elapsed + (Definition.Timing.Restart.Max * 2);
    }

    /// <summary>What the pipeline was composed of.</summary>
    public PipelineDefinition Definition => pipeline.Definition;

    /// <summary>Watches its shards.</summary>
    public Observer Observer { get; }

    /// <summary>Its client.</summary>
    public MemoryConsumer Client => source.Last!;

    /// <summary>
    /// When the poll loop has something to do by the clock alone: a commit, or a shard that failed. Null = nothing.
    /// </summary>
    public TimeSpan? NextPoll { get; private set; }

    /// <summary>The route that reads a topic; null = none does.</summary>
    public RouteDefinition? RouteOf(string topic) => Definition.Routes.FirstOrDefault(route => route.Topic == topic);

    /// <summary>Joins the group, unless it did.</summary>
    /// <param name="unlessRefused">Whether one that cannot start is let be: another takes its place.</param>
    /// <exception cref="PipelineTestException">It cannot start.</exception>
    public void Start(bool unlessRefused = false)
    {
        if (member is null && !(unlessRefused && pipeline.Fatal is not null))
        {
            pipeline.PrepareAsync(CancellationToken.None).GetAwaiter().GetResult();
            if (pipeline.Fatal is { } why)
            {
                throw new PipelineTestException($"The pipeline cannot start. {why}");
            }

            member = pipeline.Join();
            lastCommit = around.Time.Elapsed;
            Settle();
        }
    }

    /// <summary>Runs what can run at this time, until nothing can.</summary>
    /// <exception cref="PipelineTestException">The pipeline has stopped, or does not come to rest.</exception>
    public void Settle()
    {
        var most = queue.Ran + MostTurns;
        bool hasMore;
        do
        {
            while (queue.Ran < most && queue.RunOne())
            {
            }

            hasMore = member!.Step(wait: false);
            if (member.Fatal is { } why)
            {
                throw new PipelineTestException($"The pipeline has stopped. {why}");
            }

            if (queue.Ran >= most)
            {
                throw new PipelineTestException(
                    $"The pipeline does not come to rest: it took {MostTurns} turns without time passing. Does a route "
                    + $"write to a topic that it reads?\n{around.Trace.Tail(key: null)}");
            }
        }
        while (hasMore || !queue.IsEmpty);
        PlanPoll();
    }

    /// <summary>How its partitions stand.</summary>
    public IReadOnlyList<PartitionStatus> Partitions => pipeline.Metrics.Partitions;

    /// <summary>How many calls of user code have begun and not ended.</summary>
    public long CallsInFlight => pipeline.Metrics.Routes.Sum(static route => route.Counters.CallsInFlight);

    /// <summary>Waits, in real time, until another thread brings something to do, and does it.</summary>
    public void WaitForOthers(TimeSpan limit)
    {
        queue.WaitForOthers(limit);
        Settle();
    }

    /// <summary>Drains, commits, leaves, as at a SIGTERM.</summary>
    public void Stop()
    {
        member?.Stop();
        member?.Dispose();
        End();
    }

    /// <summary>Ends without a word, as at a kill -9: no line of user code runs any more.</summary>
    public void Kill()
    {
        queue.Close();
        Observer.Killed();
        member?.Abandon();
        DisposeServices();
    }

    /// <summary>Ends at the end of the test: nothing is drained, and what user code cleans up is cleaned up.</summary>
    public void Abandon()
    {
        member?.Abandon();
        End();
    }

    private void End()
    {
        var most = queue.Ran + MostTurns;
        while (queue.Ran < most && queue.RunOne())
        {
        }

        queue.Close();
        DisposeServices();
    }

    /// <summary>A disposal that awaits ends by itself, or never: nobody waits for it.</summary>
    private void DisposeServices()
    {
        var disposal = services.DisposeAsync();
        if (disposal.IsCompleted)
        {
            disposal.GetAwaiter().GetResult();
        }
    }

    private void PlanPoll()
    {
        if (commits != Client.Commits)
        {
            (commits, lastCommit) = (Client.Commits, around.Time.Elapsed);
        }

        var timing = Definition.Timing;
        var due = lastCommit + (timing.CommitInterval > timing.CommitSpacing
            ? timing.CommitInterval
            : timing.CommitSpacing);
        NextPoll = around.Time.Elapsed < restlessUntil ? around.Time.Elapsed + PollEvery
            : due > around.Time.Elapsed && Client.HasUncommitted ? due
            : null;
    }
}
