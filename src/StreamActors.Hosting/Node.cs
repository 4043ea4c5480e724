using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using StreamActors.Events;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Sources;

namespace StreamActors.Hosting;

/// <summary>
/// The pipelines of this process: each has its own member, group and poll thread; one that fails leaves the others
/// alone. Stopping drains them all side by side, while the pages still answer, then closes their sinks.
/// </summary>
public sealed class Node : IHostedLifecycleService, IAsyncDisposable
{
    private readonly IEngineEvents events;
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentBag<(string Pipeline, Task Ended)> running = [];
    private readonly TimeProvider time;
    private readonly long startedAt;
    private int disposed;

    /// <summary>Composes the pipelines; nothing connects yet.</summary>
    /// <param name="builder">What was registered.</param>
    /// <param name="events">Where to say what happened.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="PipelineException">A composition has mistakes.</exception>
    public Node(StreamActorsBuilder builder, IEngineEvents events, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(builder);
        this.events = events;
        this.time = time;
        startedAt = time.GetTimestamp();
        var scheduler = new ThreadPoolScheduler(time);
        Pipelines = [.. builder.Pipelines.Select(registration => Compose(registration, scheduler))];
    }

    /// <summary>The pipelines with their peers.</summary>
    public IReadOnlyList<NodePipeline> Pipelines { get; }

    /// <summary>How long the node has been up.</summary>
    public TimeSpan Uptime => time.GetElapsedTime(startedAt);

    /// <summary>Whether the node is draining.</summary>
    public bool IsStopping => stopping.IsCancellationRequested;

    /// <summary>The pipelines that were started and have not ended.</summary>
    public IReadOnlyList<string> Unfinished =>
        [.. running.Where(static each => !each.Ended.IsCompleted).Select(static each => each.Pipeline).Order()];

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var pipeline in Pipelines)
        {
            running.Add((pipeline.Pipeline.Name, RunAsync(pipeline.Pipeline)));
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

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

        foreach (var pipeline in Pipelines)
        {
            foreach (var sink in pipeline.Sinks.Values)
            {
                await sink.DisposeAsync();
            }

            (pipeline.Source as IDisposable)?.Dispose();
        }

        stopping.Dispose();
    }

    private NodePipeline Compose(PipelineRegistration registration, ThreadPoolScheduler scheduler)
    {
        var builder = new PipelineBuilder(registration.Name);
        registration.Define(builder);
        var source = registration.Connectors.Source ?? throw new PipelineException(
            $"The pipeline {registration.Name} has nothing to read from: add a source, such as AddKafka().");
        var sinks = registration.Connectors.Sinks.Intersect(builder.Connectors).ToDictionary(
            static name => name, name => registration.Connectors.Open(name, registration.Name, events));
        var random = new Random(HashCode.Combine(registration.Name, Environment.ProcessId, time.GetTimestamp()));
        var services = new EngineServices(time, random, scheduler, events);
        return new NodePipeline(new Pipeline(builder, source, sinks, services), source, sinks);
    }

    private async Task RunAsync(Pipeline pipeline)
    {
        try
        {
            await pipeline.PrepareAsync(stopping.Token);
        }
        catch (OperationCanceledException)
        {
            events.Report(new EngineEvent.PipelineStopped(pipeline.Name));
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
            events.Report(new EngineEvent.PipelineFailed(pipeline.Name, error.ToString()));
            pipeline.Fail(error);
            ended.SetResult();
        }
    }
}

/// <summary>A pipeline of a node, with its peers.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Source">Where it reads from.</param>
/// <param name="Sinks">Its sinks, by connector name.</param>
public sealed record NodePipeline(Pipeline Pipeline, ISource Source, IReadOnlyDictionary<string, ISink> Sinks);
