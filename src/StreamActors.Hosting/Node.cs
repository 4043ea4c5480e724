using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using StreamActors.Events;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Sources;

namespace StreamActors.Hosting;

/// <summary>
/// The pipelines of this process: each has its own member, group and poll thread; one that fails leaves the others
/// alone. They join when the host has started, pages and all. Stopping drains them all side by side, while the pages
/// still answer, then closes their sinks.
/// </summary>
internal sealed class Node : IHostedLifecycleService, IAsyncDisposable
{
    private readonly IEngineEvents events;
    private readonly IScopes scopes;
    private readonly IReadOnlyList<PipelineBuilder> builders;
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentBag<(string Pipeline, Task Ended)> running = [];
    private readonly List<string> unmade = [];
    private readonly List<ISource> sources = [];
    private readonly List<IAsyncDisposable> opened = [];
    private readonly TimeProvider time;
    private readonly long startedAt;
    private int disposed;

    /// <summary>Opens the pipelines and their peers; nothing connects yet.</summary>
    /// <param name="composition">The pipelines.</param>
    /// <param name="services">Their surroundings: each pipeline gets chance of its own.</param>
    /// <exception cref="PipelineException">The composition has mistakes.</exception>
    internal Node(Composition composition, EngineServices services)
    {
        composition.ThrowIfAnyMistake();
        events = services.Events;
        time = services.Time;
        scopes = services.Scopes;
        startedAt = time.GetTimestamp();
        builders = [.. composition.Pipelines.Select(static each => each.Builder)];
        var pipelines = new List<NodePipeline>();
        foreach (var pipeline in composition.Pipelines)
        {
            if (Open(pipeline, services) is { } opened)
            {
                pipelines.Add(opened);
            }
        }

        Pipelines = pipelines;
    }

    /// <summary>The pipelines with their peers.</summary>
    public IReadOnlyList<NodePipeline> Pipelines { get; }

    /// <summary>The wall-clock time.</summary>
    public DateTimeOffset UtcNow => time.GetUtcNow();

    /// <summary>How long the node has been up.</summary>
    public TimeSpan Uptime => time.GetElapsedTime(startedAt);

    /// <summary>Whether the node is draining.</summary>
    public bool IsStopping => stopping.IsCancellationRequested;

    /// <summary>The pipelines that were started and have not ended.</summary>
    public IReadOnlyList<string> Unfinished =>
        [.. running.Where(static each => !each.Ended.IsCompleted).Select(static each => each.Pipeline).Order()];

    /// <inheritdoc/>
    /// <exception cref="PipelineException">
    /// Sinks or handlers cannot be made; the message names all of them.
    /// </exception>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        foreach (var builder in builders)
        {
            await using var scope = new TrialScope(scopes.Open());
            unmade.AddRange(MistakesOf(builder, scope).Select(each => $"The pipeline {builder.Name}: {each}"));
        }

        if (unmade.Count > 0)
        {
            throw new PipelineException(string.Join(Environment.NewLine, unmade));
        }
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Starts the pipelines: behind every other service's start, the web server's too. A process whose start fails must
    /// not join, since that takes partitions, and what is remembered for them, from one that is well.
    /// </summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        // A stop during the start has been by here.
        if (IsStopping || cancellationToken.IsCancellationRequested)
        {
            return Task.CompletedTask;
        }

        foreach (var pipeline in Pipelines)
        {
            if (pipeline.Pipeline.HasState)
            {
                events.Report(new EngineEvent.StateKept(pipeline.Pipeline.Name, pipeline.Store?.Name));
            }

            running.Add((pipeline.Pipeline.Name, RunAsync(pipeline.Pipeline)));
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    /// <exception cref="OperationCanceledException">
    /// The host's time was up first; <see cref="Unfinished"/> says what was left.
    /// </exception>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running.Select(static each => each.Ended)).WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // The container holds the node under two types, and disposes it for each.
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        foreach (var peer in opened)
        {
            await peer.DisposeAsync();
        }

        foreach (var source in sources)
        {
            (source as IDisposable)?.Dispose();
        }

        stopping.Dispose();
    }

    /// <summary>Opens what a pipeline uses; null, and told at the start, where a sink cannot be made.</summary>
    private NodePipeline? Open(ComposedPipeline composed, EngineServices services)
    {
        var (builder, peers) = composed;
        var store = composed.Store is { } keeper ? peers[keeper].Store!(builder.Name, services) : null;
        opened.AddRange(store is null ? [] : [store]);
        services = services with
        {
            Random = new Random(HashCode.Combine(builder.Name, Environment.ProcessId, startedAt)),
            Store = store,
        };
        var source = peers.Values.First(static peer => peer.Source is not null).Source!(builder.Name, services);
        sources.Add(source);
        var sinks = new Dictionary<string, ISink>(StringComparer.Ordinal);
        foreach (var name in builder.Connectors)
        {
            try
            {
                sinks[name] = peers[name].Sink!(builder.Name, services);
            }
            catch (Exception error)
            {
                var why = TrialScope.Why(error);
                unmade.Add($"The pipeline {builder.Name}: It emits to {name}, which cannot be made: {why}");
                continue;
            }

            opened.Add(sinks[name]);
        }

        return sinks.Count == builder.Connectors.Count
            ? new NodePipeline(new Pipeline(builder, source, sinks, services), source, sinks, store)
            : null;
    }

    private static IReadOnlyList<string> MistakesOf(PipelineBuilder builder, TrialScope scope)
    {
        try
        {
            return builder.Mistakes(scope);
        }
        catch (Exception error)
        {
            return [$"A handler cannot be made: {TrialScope.Why(error)}"];
        }
    }

    private async Task RunAsync(Pipeline pipeline)
    {
        try
        {
            await pipeline.PrepareAsync(stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            events.Report(new EngineEvent.PipelineStopped(pipeline.Name));
            return;
        }
        catch (Exception error)
        {
            Fail(pipeline, error);
            return;
        }

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var pollThread = new Thread(() => Run(pipeline, ended)) { IsBackground = true, Name = $"poll {pipeline.Name}" };
        pollThread.Start();
        await ended.Task;
    }

    private void Run(Pipeline pipeline, TaskCompletionSource ended)
    {
        try
        {
            pipeline.Run(stopping.Token);
            ended.SetResult();
        }
        catch (Exception error)
        {
            Fail(pipeline, error);
            ended.SetResult();
        }
    }

    private void Fail(Pipeline pipeline, Exception error)
    {
        events.Report(new EngineEvent.PipelineFailed(pipeline.Name, error.ToString()));
        pipeline.Fail(error);
    }
}

/// <summary>A pipeline of a node, with its peers.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Source">Where it reads from.</param>
/// <param name="Sinks">Its sinks, by connector name.</param>
/// <param name="Store">Where its state is; null = in memory alone.</param>
internal sealed record NodePipeline(
    Pipeline Pipeline, ISource Source, IReadOnlyDictionary<string, ISink> Sinks, IStateStore? Store);
