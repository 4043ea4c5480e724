using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Records;
using StreamActors.Redis;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Sources;

namespace StreamActors.Benchmarks;

/// <summary>
/// A million entities in 8 shards, with their state in a Redis server of the benchmark's own: how long they take to be
/// restored, and what saving them costs while one in a hundred changes in each second.
/// </summary>
[SimpleJob(RunStrategy.Monitoring, launchCount: 1, warmupCount: 1, iterationCount: 3, invocationCount: 1)]
public class StateBenchmarks
{
    private const int Shards = 8;
    private const int Entities = 1_000_000;
    private const int EachShard = Entities / Shards;
    private const int Updates = 8_000_000;
    private const int Batch = 500;
    private const int Hot = EachShard / 100;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly ThreadPoolScheduler scheduler = new(TimeProvider.System);
    private readonly long[] next = new long[Shards];
    private Shard[] shards = [];
    private Process redis = null!;
    private RedisStateStore store = null!;
    private int port;

    /// <summary>Starts Redis, and saves a million entities there.</summary>
    [GlobalSetup]
    public void Fill()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        string[] arguments = ["--port", $"{port}", "--save", "", "--maxmemory-policy", "noeviction"];
        redis = Process.Start(new ProcessStartInfo("redis-server", arguments) { RedirectStandardOutput = true })!;
        redis.StandardOutput.ReadLine();
        store = new RedisStateStore(new RedisOptions { Host = "127.0.0.1", Port = port }, TimeProvider.System);
        var before = UsedMemory();
        var shards = Start(store, generation: 1);
        Wait(() => Array.TrueForAll(shards, IsOpen));
        Touch(shards);
        End(shards);
        Console.WriteLine($"// Redis: {(UsedMemory() - before) / Entities} bytes an entity");
    }

    /// <summary>Ends Redis.</summary>
    [GlobalCleanup]
    public void Stop()
    {
        redis.Kill();
        redis.Dispose();
    }

    /// <summary>From the claims to the last entity in memory; the shards take records long before.</summary>
    [Benchmark(OperationsPerInvoke = Entities)]
    public void Restore()
    {
        var since = Stopwatch.StartNew();
        var shards = Start(store, Environment.TickCount64);
        Wait(() => Array.TrueForAll(shards, IsOpen));
        var open = since.Elapsed;
        Wait(() => Array.TrueForAll(shards, static shard => !shard.IsReading));
        Console.WriteLine(
            $"// records are taken after {open.TotalMilliseconds:0} ms, all is read after "
            + $"{since.Elapsed.TotalSeconds:0.0} s");
        End(shards);
    }

    /// <summary>A million entities are in memory, and not saved.</summary>
    [IterationSetup(Target = nameof(Update))]
    public void StartUnsaved()
    {
        shards = Start(null, generation: 1);
        Touch(shards);
    }

    /// <summary>A million entities are in memory, and saved.</summary>
    [IterationSetup(Target = nameof(UpdateAndSave))]
    public void StartSaved()
    {
        shards = Start(store, Environment.TickCount64);
        Wait(() => Array.TrueForAll(shards, static shard => IsOpen(shard) && !shard.IsReading));
    }

    /// <summary>Updates as fast as they go, of other 10,000 entities in each second; nothing is saved.</summary>
    [Benchmark(OperationsPerInvoke = Updates)]
    public void Update()
    {
        var since = Stopwatch.StartNew();
        for (var done = 0; done < Updates; done += Shards * Batch)
        {
            var first = (int)(since.ElapsedMilliseconds / 1_000 % 100) * Hot;
            foreach (var shard in shards)
            {
                Post(shard, first, Hot);
            }
        }

        Wait(() => Array.TrueForAll(shards, shard => shard.Next(0) == next[shard.Inputs[0].Number]));
    }

    /// <summary>The same, saved each second.</summary>
    [Benchmark(OperationsPerInvoke = Updates)]
    public void UpdateAndSave() => Update();

    /// <summary>Ends the shards.</summary>
    [IterationCleanup(Targets = [nameof(Update), nameof(UpdateAndSave)])]
    public void End() => End(shards);

    private static bool IsOpen(Shard shard)
    {
        if (shard.WantsToOpen)
        {
            shard.Open();
        }

        return shard.IsOpen;
    }

    private Shard[] Start(IStateStore? store, long generation)
    {
        var builder = new PipelineBuilder("state")
        {
            Limits = new PipelineLimits { UncommittedRecords = 1_000_000, EntitiesPerShard = 2 * EachShard },
            Timing = new PipelineTiming
            {
                CommitInterval = TimeSpan.FromSeconds(1),
                CommitRecords = int.MaxValue,
            },
        };
        builder.From("t", new Numbers()).Entity<Counting, Counted, object>()
            .To(new Target<object>("sink", static _ => "out", new Nothing()));
        var metrics = new PipelineMetrics(["t"], ["sink"]);
        var services = new EngineServices(TimeProvider.System, new Random(1), scheduler, new NoEvents())
        {
            Store = store,
        };
        var gate = new SinkGate("state", "sink", services.Events, new Random(1));
        var host = new ShardHost(
            builder.Build(), [new OpenSink("sink", new NoSink(), gate, metrics.Sinks[0].Counters)], metrics, services);
        return
        [
            .. Enumerable.Range(0, Shards).Select(number => new Shard(
                host,
                new Ownership(new Epoch(new Membership(), static () => 0), generation),
                [new PartitionOffset(new PartitionId("t", number), next[number])],
                phase: 0)),
        ];
    }

    /// <summary>A record for every entity.</summary>
    private void Touch(Shard[] shards)
    {
        for (var done = 0; done < EachShard; done += Batch)
        {
            foreach (var shard in shards)
            {
                Post(shard, done);
            }
        }
    }

    /// <summary>Lets the shards save what they have, and ends them.</summary>
    private void End(Shard[] shards)
    {
        Array.ForEach(shards, static shard => shard.BeginDrain(long.MaxValue));
        Wait(() => Array.TrueForAll(shards, static shard => shard.IsDrained));
        Array.ForEach(shards, static shard => shard.Close());
        Wait(() => Array.TrueForAll(shards, static shard => shard.IsQuiet));
    }

    private void Post(Shard shard, int first, int among = int.MaxValue)
    {
        Wait(() => shard.HasRoom);
        var number = shard.Inputs[0].Number;
        var batch = new RecordBatch();
        batch.Reset(shard.Inputs[0]);
        for (var i = 0; i < Batch; i++)
        {
            // Not in the order in which they are used later, as a restore has them.
            var key = among == int.MaxValue
                ? (int)((first + i) * 7_919L % EachShard)
                : first + (int)(next[number] % among);
            batch.Add(next[number]++, 0, Encoding.UTF8.GetBytes($"user-{number}-{key:000000}"), "1"u8, default);
        }

        shard.Post(0, batch);
    }

    private void Wait(Func<bool> condition)
    {
        if (!scheduler.WaitUntil(condition, Patience))
        {
            throw new TimeoutException("The shards stand still.");
        }
    }

    private long UsedMemory()
    {
        using var client = new TcpClient("127.0.0.1", port);
        using var reader = new StreamReader(client.GetStream());
        client.GetStream().Write("INFO memory\r\n"u8);
        while (true)
        {
            if (reader.ReadLine() is { } line && line.StartsWith("used_memory:", StringComparison.Ordinal))
            {
                return long.Parse(line["used_memory:".Length..], System.Globalization.CultureInfo.InvariantCulture);
            }
        }
    }

    [StateVersion(1)]
    internal struct Counted
    {
        public int Views { get; set; }

        public long Ms { get; set; }

        public string? Last { get; set; }
    }

    private sealed class Counting : IEntity<int, Counted, object>
    {
        public void On(int value, ref Counted state, Turn<object> turn) =>
            (state.Views, state.Ms, state.Last) = (state.Views + 1, state.Ms + value, "/products/1");
    }

    private sealed class Numbers : ICodec<int>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out int value, out Rejection rejection)
        {
            (value, rejection) = (bytes.Length, default);
            return true;
        }

        public void Write(scoped in int value, System.Buffers.IBufferWriter<byte> output) =>
            throw new NotSupportedException();
    }

    private sealed class Nothing : ICodec<object>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out object value, out Rejection rejection) =>
            throw new NotSupportedException();

        public void Write(scoped in object value, System.Buffers.IBufferWriter<byte> output) =>
            throw new NotSupportedException();
    }
}
