using StreamActors.Kafka;
using StreamActors.Pipelines.RideShare.Simulation;

namespace StreamActors.Node.Load;

/// <summary>
/// A simulated city in real time, on a thread of its own: it steps the world every few milliseconds and sends what
/// happens to Kafka. While Kafka takes nothing, the city stands still; it does not make up for the time afterwards.
/// When the producer fails for good, the city ends.
/// </summary>
internal sealed class Simulator : IDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestStep = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(10);

    private readonly World world;
    private readonly LoadProducer producer;
    private readonly CancellationTokenSource stopping = new();
    private readonly Thread thread;

    /// <summary>Builds the city; <see cref="Start"/> brings it to life.</summary>
    public Simulator(WorldOptions options, KafkaOptions kafka)
    {
        world = new World(options);
        producer = new LoadProducer(kafka);
        thread = new Thread(Run) { IsBackground = true, Name = "simulator" };
    }

    /// <summary>The way to Kafka, with its counts.</summary>
    public LoadProducer Producer => producer;

    /// <summary>What the city sent; to be read after <see cref="Stop"/>.</summary>
    public WorldTotals Totals => world.Totals;

    /// <summary>Whether it was started.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>Records that Kafka had not acknowledged in time when it was stopped.</summary>
    public int Unacknowledged { get; private set; }

    /// <summary>Brings the city to life.</summary>
    public void Start()
    {
        IsStarted = true;
        thread.Start();
    }

    /// <summary>Ends it, and waits until Kafka has what was sent, for ten seconds at most.</summary>
    public void Stop()
    {
        stopping.Cancel();
        if (IsStarted)
        {
            thread.Join();
            Unacknowledged = producer.Flush(FlushLimit);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        stopping.Cancel();
        if (IsStarted)
        {
            thread.Join();
        }

        producer.Dispose();
        stopping.Dispose();
    }

    private void Run()
    {
        var stop = stopping.Token;
        EventSink send = (topic, key, value) => producer.Send(topic, key, value, stop);
        var before = TimeProvider.System.GetTimestamp();
        try
        {
            while (producer.Failure is null && !stop.WaitHandle.WaitOne(Beat))
            {
                var now = TimeProvider.System.GetTimestamp();
                var elapsed = TimeProvider.System.GetElapsedTime(before, now);
                before = now;
                world.Now = TimeProvider.System.GetUtcNow();
                world.Step(elapsed < LongestStep ? elapsed : LongestStep, send);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped while Kafka took nothing: the record that waited was not sent, and is not counted.
        }
    }
}
