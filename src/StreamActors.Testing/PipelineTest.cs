using System.Text;
using Microsoft.Extensions.DependencyInjection;
using StreamActors.Configuration;
using StreamActors.Metrics;
using StreamActors.Pipelines;
using StreamActors.Records;

namespace StreamActors.Testing;

/// <summary>
/// Runs the definition of a pipeline on the real engine, with virtual time and without a broker: on the calling thread,
/// the same each time. Every call returns when nothing can run any more before time passes.
/// <para>
/// A record that is given up, and a timer or a shard that fails, ends the call that caused it with a
/// <see cref="PipelineTestException"/>, so that no test overlooks it; one that is about failures says
/// <see cref="AllowFailures"/>, or sends by <see cref="SendBad(string, string?, ReadOnlySpan{byte})"/>.
/// </para>
/// <para>One thread at a time. A test that does not end well is disposed of like any other: nothing is drained.</para>
/// </summary>
public sealed class PipelineTest : IDisposable
{
    private readonly Surroundings around;
    private readonly Dictionary<string, int> readUpTo = new(StringComparer.Ordinal);
    private TestProcess process;
    private byte[]? lastKey;
    private bool isDisposed;

    private PipelineTest(Surroundings around) => (this.around, process) = (around, new TestProcess(around));

    /// <summary>What outlives the process under test.</summary>
    internal Surroundings Around => around;

    /// <summary>How the partitions of the process under test stand.</summary>
    internal IReadOnlyList<PartitionStatus> PartitionStates => process.Partitions;

    /// <summary>The virtual clock.</summary>
    public VirtualTime Time => around.Time;

    /// <summary>What became of the records so far: a line each, with virtual times, and what waits.</summary>
    public string Trace => around.Trace.Text() + Waiting();

    /// <summary>
    /// The records that were given up so far: written to a topic for dead letters, or dropped where a route has none.
    /// </summary>
    public IReadOnlyList<DeadLetter> DeadLetters => around.Topics.DeadLetters;

    /// <summary>What failed so far: records that were given up, timers, shards.</summary>
    public IReadOnlyList<PipelineFailure> Failures => around.Reports.Failures;

    /// <summary>Makes a test of a pipeline, which joins its group at the first call.</summary>
    /// <param name="define">Composes the pipeline; called again for each process after <see cref="Restart()"/>.</param>
    /// <param name="services">Adds what user code asks for, such as fakes; called for each process too.</param>
    /// <param name="options">How it is tested.</param>
    /// <exception cref="PipelineException">The composition has mistakes; the message names all of them.</exception>
    public static PipelineTest Of(
        Action<PipelineBuilder> define,
        Action<IServiceCollection>? services = null,
        PipelineTestOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(define);
        return new PipelineTest(new Surroundings(define, services, options ?? new PipelineTestOptions()));
    }

    /// <summary>Lets records, timers and shards fail: the test looks at <see cref="Failures"/> itself.</summary>
    public PipelineTest AllowFailures()
    {
        around.Reports.AreAllowed = true;
        return this;
    }

    /// <summary>Gives a topic as many partitions; it can grow later, and not shrink.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It has more partitions already.</exception>
    public PipelineTest Partitions(string topic, int count)
    {
        around.Topics.Grow(topic, count);
        return this;
    }

    /// <summary>
    /// Sends a record and lets the pipeline handle it. A value is written by the codec of the topic's route; text as
    /// UTF-8 where that has another type; bytes as they are, null as a tombstone.
    /// </summary>
    /// <param name="topic">A topic that a route reads.</param>
    /// <param name="key">The record's key; null = it has none.</param>
    /// <param name="value">The value.</param>
    /// <param name="options">Headers, time, partition.</param>
    /// <exception cref="PipelineTestException">
    /// No route reads the topic, it has values of another type, or something failed.
    /// </exception>
    public void Send<T>(string topic, string? key, T value, SendOptions? options = null)
        where T : allows ref struct
    {
        var bytes = ValueCodecs.Write(Route(topic), in value);
        Act(() => Append(topic, key, bytes, options));
    }

    /// <inheritdoc cref="Send{T}(string, string?, T, SendOptions?)"/>
    public void Send(string topic, string? key, string value, SendOptions? options = null)
    {
        var route = Route(topic);
        var bytes = route.Source is TopicCodec<string>
            ? ValueCodecs.Write(route, in value)
            : Encoding.UTF8.GetBytes(value);
        Act(() => Append(topic, key, bytes, options));
    }

    /// <inheritdoc cref="Send{T}(string, string?, T, SendOptions?)"/>
    public void Send(string topic, string? key, byte[]? value, SendOptions? options = null) =>
        Act(() => Append(topic, key, value, options));

    /// <inheritdoc cref="Send{T}(string, string?, T, SendOptions?)"/>
    public void Send(string topic, string? key, ReadOnlySpan<byte> value, SendOptions? options = null) =>
        Send(topic, key, value.ToArray(), options);

    /// <summary>Sends several records with keys at once: they are there before the pipeline reads the first.</summary>
    /// <exception cref="PipelineTestException">As for one.</exception>
    public void SendAll<T>(string topic, IEnumerable<(string Key, T Value)> records)
    {
        var route = Route(topic);
        var all = records.Select(record => (record.Key, Value: ValueCodecs.Write(route, record.Value))).ToList();
        Act(() => all.ForEach(record => Append(topic, record.Key, record.Value, null)));
    }

    /// <summary>
    /// Sends bytes that the route must refuse, by its codec or by a <c>Require</c>: the test is about that.
    /// </summary>
    /// <exception cref="PipelineTestException">Both accept them.</exception>
    public void SendBad(string topic, string? key, ReadOnlySpan<byte> bytes)
    {
        ValueCodecs.EnsureRefused(Route(topic), bytes);
        var copy = bytes.ToArray();
        Act(() => around.Reports.Foretell(Append(topic, key, copy, null)));
    }

    /// <summary>Sends text that the route must refuse, by its codec or by a <c>Require</c>, as UTF-8.</summary>
    /// <exception cref="PipelineTestException">Both accept it.</exception>
    public void SendBad(string topic, string? key, string text) => SendBad(topic, key, Encoding.UTF8.GetBytes(text));

    /// <summary>
    /// Lets virtual time pass. Timers fire in the order of their times, and the pipeline handles what follows from one
    /// before the next.
    /// </summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        Act(() =>
        {
            process.Settle();
            var end = Time.Elapsed + by;
            while (Time.Elapsed < end)
            {
                Time.AdvanceTo(Earliest(end, Time.NextDue, process.NextPoll));
                process.Settle();
            }
        });
    }

    /// <summary>
    /// Waits, in real time, until no call of user code is under way: for calls that await something real, such as I/O,
    /// the thread pool, or a task that the test has just completed. Those that wait for virtual time go on by
    /// <see cref="Advance"/> instead.
    /// </summary>
    /// <param name="limit">How long; 5 seconds unless given.</param>
    /// <exception cref="PipelineTestException">Calls are still under way; the message says which.</exception>
    public void Settle(TimeSpan? limit = null)
    {
        var patience = limit ?? TimeSpan.FromSeconds(5);
        Act(() =>
        {
            var began = TimeProvider.System.GetTimestamp();
            process.Settle();
            while (process.CallsInFlight > 0)
            {
                var left = patience - TimeProvider.System.GetElapsedTime(began);
                if (left <= TimeSpan.Zero)
                {
                    throw new PipelineTestException(
                        $"Calls under way after {patience.TotalSeconds} s: {process.CallsInFlight}. One that waits for "
                        + $"virtual time goes on by Advance.\n{Waiting()}{around.Trace.Tail(lastKey)}");
                }

                process.WaitForOthers(left);
            }
        });
    }

    /// <summary>
    /// Stops the process as a SIGTERM does (drain, commit, leave) and starts another, which has all state from a store,
    /// as bytes, by the codecs of the states; with <see cref="Store.None"/> it is forgotten.
    /// </summary>
    public void Restart() => Replace(static old => old.Stop(), "the process is stopped, and another started");

    /// <summary>
    /// As <see cref="Restart()"/>, with the definition of another release: what it does with the state that the one
    /// before has saved, by <see cref="IStateUpgrade{TState}"/> where its version differs.
    /// </summary>
    /// <param name="next">Composes the pipeline from here on.</param>
    /// <exception cref="PipelineException">The composition has mistakes; the message names all of them.</exception>
    public void Restart(Action<PipelineBuilder> next)
    {
        around.Define = next ?? throw new ArgumentNullException(nameof(next));
        Restart();
    }

    /// <summary>
    /// Kills the process and starts another: what was not committed is read again, and the state is that of the last
    /// commit. Commits come at once after the first record, then by the pipeline's interval: <see cref="Advance"/>
    /// decides what is committed.
    /// </summary>
    public void Crash() => Replace(static old => old.Kill(), "the process is killed, and another started");

    /// <summary>
    /// Takes all partitions away, with a hand-over, and gives them back, with their state as after
    /// <see cref="Restart()"/>. Virtual time passes only where the drain has to wait, such as for a sink that fails.
    /// </summary>
    public void Revoke() => Act(() => process.Client.Next = Taking.Revoke);

    /// <summary>Takes all partitions away without a hand-over, as a session's end does, and gives them back.</summary>
    public void Lose() => Act(() => process.Client.Next = Taking.Lose);

    /// <summary>Lets deliveries to a sink fail; the engine repeats them as time passes.</summary>
    /// <param name="connector">The sink's connector, such as <c>redis</c>; <c>kafka</c> takes dead letters too.</param>
    /// <param name="times">How many deliveries fail; without it, all until <see cref="HealSink"/>.</param>
    /// <exception cref="PipelineTestException">The pipeline has no such sink.</exception>
    public void FailSink(string connector, int times = int.MaxValue) => Sink(connector).Failing = times;

    /// <summary>Lets deliveries to a sink succeed again; what waits for it goes on as time passes.</summary>
    /// <exception cref="PipelineTestException">The pipeline has no such sink.</exception>
    public void HealSink(string connector) => FailSink(connector, 0);

    /// <summary>Holds back a sink's acknowledgements: it takes outputs, and their records are not done.</summary>
    /// <exception cref="PipelineTestException">The pipeline has no such sink.</exception>
    public void HoldAcks(string connector) => Sink(connector).HoldsBack = true;

    /// <summary>Lets acknowledgements go that were held back.</summary>
    /// <exception cref="PipelineTestException">The pipeline has no such sink.</exception>
    public void ReleaseAcks(string connector) => Act(Sink(connector).Release);

    /// <summary>
    /// The values that the pipeline wrote to a topic, channel or other address since it was last read, in order.
    /// </summary>
    /// <exception cref="PipelineTestException">
    /// No target writes there, or none writes values of the type.
    /// </exception>
    public IReadOnlyList<T> Read<T>(string destination) =>
        [.. Decode<T>(destination).Select(static each => each.Value)];

    /// <summary>What <see cref="Read{T}"/> reads, as bytes with key and headers.</summary>
    /// <exception cref="PipelineTestException">No target writes there.</exception>
    public IReadOnlyList<WrittenRecord> ReadRaw(string destination)
    {
        var all = Written(destination);
        var unread = all.Skip(readUpTo.GetValueOrDefault(destination)).ToList();
        readUpTo[destination] = all.Count;
        return unread;
    }

    /// <summary>All that the pipeline wrote to a destination so far, read or not.</summary>
    /// <exception cref="PipelineTestException">No target writes there.</exception>
    public IReadOnlyList<WrittenRecord> Written(string destination)
    {
        ValueCodecs.EnsureDestination(process.Definition, destination);
        return around.Topics.Written(destination);
    }

    /// <summary>
    /// Reads a destination, as <see cref="Read{T}"/> does, and compares; values are equal as their type says, or where
    /// the destination's codec writes the same bytes of both, so that lists within them are compared by what they hold.
    /// </summary>
    /// <exception cref="PipelineTestException">
    /// Other values were written, or no target writes there; the message shows these, those expected, what
    /// waits, and the path of the records.
    /// </exception>
    public void Expect<T>(string destination, params T[] expected)
    {
        ArgumentNullException.ThrowIfNull(expected);
        var compared = new Comparison<T>(expected, Decode<T>(destination));
        if (!compared.AreSame)
        {
            var codec = ValueCodecs.CodecOf<T>(process.Definition, destination);
            throw new PipelineTestException(
                $"{destination}: {compared.Text(codec)}\n{Waiting()}{around.Trace.Tail(compared.Key ?? lastKey)}");
        }
    }

    /// <summary>The state of an entity that is active, to be looked at and not changed.</summary>
    /// <param name="key">The key of its records.</param>
    /// <param name="subKeys">Its sub-keys, where the route has some.</param>
    /// <exception cref="PipelineTestException">
    /// No such entity is active, or one of each of several kinds with states of this type.
    /// </exception>
    public TState State<TState>(string key, params string[] subKeys)
    {
        var found = EntityStates.Find<TState>(process.Observer.Parts, key, subKeys);
        return found.Count == 1 ? found[0].State : throw new PipelineTestException(
            found.Count == 0
                ? $"No entity with a {TypeName.Of(typeof(TState))} and the key {key} is active.\n"
                    + around.Trace.Tail(Encoding.UTF8.GetBytes(key))
                : $"The entities {string.Join(" and ", found.Select(static each => each.Entity))} have the key {key} "
                    + $"and a {TypeName.Of(typeof(TState))}: give each kind a state of its own type.");
    }

    /// <summary>Whether an entity is active: it had a record, and was neither forgotten nor passivated.</summary>
    public bool HasState<TState>(string key, params string[] subKeys) =>
        EntityStates.Find<TState>(process.Observer.Parts, key, subKeys).Count > 0;

    /// <summary>What became of the records of a topic with a key, a line each, and what waits for them.</summary>
    public string Path(string topic, string? key)
    {
        var bytes = key is null ? null : Encoding.UTF8.GetBytes(key);
        return around.Trace.Text(topic, bytes) + WhatWaits.Of(
            around, process.Observer.Kept.Where(kept => kept.Topic == topic && TraceLog.IsSame(kept.Kept.Key, bytes)));
    }

    /// <summary>Ends the process without a drain.</summary>
    public void Dispose()
    {
        if (!isDisposed)
        {
            isDisposed = true;
            WithoutContext(process.Abandon);
        }
    }

    private static TimeSpan Earliest(TimeSpan end, params ReadOnlySpan<TimeSpan?> others)
    {
        foreach (var other in others)
        {
            end = other < end ? other.Value : end;
        }

        return end;
    }

    private List<Decoded<T>> Decode<T>(string destination) =>
        ValueCodecs.Read<T>(process.Definition, destination, ReadRaw(destination));

    private string Waiting() => WhatWaits.Of(around, process.Observer.Kept);

    private RouteDefinition Route(string topic) => process.RouteOf(topic) ?? throw new PipelineTestException(
        $"No route of the pipeline reads the topic {topic}. Its routes read "
        + $"{string.Join(", ", process.Definition.Routes.Select(static route => route.Topic))}.");

    private MemorySink Sink(string connector) => around.SinkNames.Contains(connector)
        ? around.Sink(connector)
        : throw new PipelineTestException(
            $"The pipeline has no sink {connector}. It has {string.Join(", ", around.SinkNames)}.");

    private PartitionOffset Append(string topic, string? key, byte[]? value, SendOptions? options)
    {
        Route(topic);
        var bytes = key is null ? null : Encoding.UTF8.GetBytes(key);
        lastKey = bytes;
        var record = around.Topics.Append(topic, bytes, value, options ?? new SendOptions());
        return new PartitionOffset(new PartitionId(topic, record.Partition), record.Offset);
    }

    private void Replace(Action<TestProcess> end, string what) => Act(() =>
    {
        end(process);
        around.Trace.Add(what);
        process = new TestProcess(around);
        process.Start();
    }, isReplaced: true);

    /// <summary>What is awaited must not go to the synchronization context of the test's own runner.</summary>
    private static void WithoutContext(Action act)
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            act();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    /// <summary>Does something, lets the pipeline settle, and tells what failed.</summary>
    private void Act(Action act, bool isReplaced = false)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        WithoutContext(() =>
        {
            process.Start(unlessRefused: isReplaced);
            act();
            process.Settle();
        });
        if (around.Reports.Untold() is [var first, .. var others])
        {
            throw new PipelineTestException(
                $"{first.What}: {first.Why}{(others.Count > 0 ? $" (and {others.Count} more)" : "")}\n"
                + "A test that is about failures says AllowFailures(), or sends by SendBad.\n"
                + around.Trace.Tail(first.Record is { } place ? process.Observer.KeyOf(place) : lastKey),
                first.Error);
        }
    }
}
