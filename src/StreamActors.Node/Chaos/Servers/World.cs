using StreamActors.Node.Cli;

namespace StreamActors.Node.Chaos;

/// <summary>What a run is made of.</summary>
internal sealed record WorldOptions
{
    /// <summary>Brokers that run already; null starts some.</summary>
    public required string? Kafka { get; init; }

    /// <summary>A distribution of Kafka, for brokers that are started.</summary>
    public required string? KafkaHome { get; init; }

    /// <summary>How many brokers are started.</summary>
    public required int Brokers { get; init; }

    /// <summary>A Redis that runs already; null starts one with a replica.</summary>
    public required HostPort? Redis { get; init; }

    /// <summary>Node processes.</summary>
    public required int Nodes { get; init; }

    /// <summary>The folder of a previous build, whose nodes the run begins with; null begins with this one's.</summary>
    public DirectoryInfo? Previous { get; init; }

    /// <summary>The run's name.</summary>
    public required string Run { get; init; }

    /// <summary>How long a hand-over may take; null = the pipeline's default.</summary>
    public required TimeSpan? DrainLimit { get; init; }

    /// <summary>How long a record may be done and not committed.</summary>
    public required TimeSpan CommitInterval { get; init; }
}

/// <summary>
/// The servers, the network and the node processes of a run, in a folder of its own; all end with it.
/// <code>
/// driver ───────────────────────────▶ Kafka
/// node ──▶ a relay a broker ────────▶ Kafka      where the brokers are the run's own
/// node ──▶ a relay ─────────────────▶ Redis
/// </code>
/// </summary>
internal sealed class World : IAsyncDisposable
{
    // One that joins, and one that a churn adds before it takes another.
    private const int SpareSlots = 2;

    private static readonly TimeSpan OperatorLimit = TimeSpan.FromSeconds(60);

    private readonly WorldOptions options;
    private readonly Relay[] redisRelays;
    private int exports;
    private bool hasTopics;
    private bool isForgotten;

    /// <summary>Nothing runs yet.</summary>
    /// <exception cref="UserErrorException">A server is missing that is to be started.</exception>
    public World(WorldOptions options)
    {
        this.options = options;
        Previous = options.Previous is { } folder ? NodeBuild.PreviousIn(folder) : null;
        var slots = options.Nodes + SpareSlots;
        var jars = options.Kafka is null ? Jars(options.KafkaHome) : "";
        if (options.Redis is null)
        {
            OwnProgram.Require("redis-server", "install it, or name one that runs already: --redis HOST:PORT");
        }

        Folder = Directory.CreateTempSubdirectory("streamactors-chaos-").FullName;
        var ports = Ports.Row(OwnKafka.PortsFor(options.Brokers, slots) + OwnRedisPair.Ports + slots);
        if (options.Kafka is null)
        {
            Kafka = new OwnKafka(jars, Folder, ports, options.Brokers, slots);
        }

        ports += OwnKafka.PortsFor(options.Brokers, slots);
        if (options.Redis is null)
        {
            Redis = new OwnRedisPair(Folder, ports);
        }

        ports += OwnRedisPair.Ports;
        redisRelays = [.. Enumerable.Range(0, slots).Select(slot => new Relay(ports + slot, RedisAt))];
        Nodes = new Fleet(Folder, slots, Settings);
    }

    /// <summary>Logs and data.</summary>
    public string Folder { get; }

    /// <summary>The brokers, where they are the run's own.</summary>
    public OwnKafka? Kafka { get; }

    /// <summary>The Redis and its replica, where they are the run's own.</summary>
    public OwnRedisPair? Redis { get; }

    /// <summary>The processes.</summary>
    public Fleet Nodes { get; }

    /// <summary>The build that the nodes are of at the start, where it is not this one.</summary>
    public NodeBuild? Previous { get; }

    /// <summary>Where Redis is now: a fail-over moves the run's own.</summary>
    public HostPort RedisAt => options.Redis ?? new HostPort("127.0.0.1", Redis!.Port);

    /// <summary>The topics.</summary>
    public ProofTopics Topics => new(options.Run);

    /// <summary>Where the driver connects to.</summary>
    public string Bootstrap => options.Kafka ?? Kafka!.Bootstrap;

    /// <summary>After how long without a heartbeat a node is dead.</summary>
    public static TimeSpan Session => OwnKafka.Session;

    /// <summary>The network between nodes and Redis: one relay a slot.</summary>
    public IReadOnlyList<Relay> RedisRelays => redisRelays;

    /// <summary>Starts servers, topics and nodes; returns when all nodes have partitions.</summary>
    public async Task StartAsync(Action<string> phase, CancellationToken stop)
    {
        if (Redis is not null)
        {
            phase("starting redis-server and a replica");
            await Redis.StartAsync(stop);
        }

        if (Kafka is not null)
        {
            phase($"starting Kafka {Kafka.Version}, brokers: {Kafka.Brokers}");
            await Kafka.StartAsync(stop);
        }

        using (var admin = new DriverAdmin(Bootstrap))
        {
            phase("creating the topics");
            await admin.CreateAsync(Topics);
            hasTopics = true;
            await admin.SetGroupAsync(options.Run, TimeSpan.FromMilliseconds(500), Session);
        }

        phase($"starting {options.Nodes} nodes{(Previous is null ? "" : $" of the build {Previous.Version}")}");
        await Task.WhenAll(
            Enumerable.Range(0, options.Nodes).Select(_ => Nodes.AddAsync(Previous ?? NodeBuild.This, stop)));
    }

    /// <summary>Copies the stored state into a file, as an operator does.</summary>
    /// <returns>The file.</returns>
    public async Task<string> ExportAsync()
    {
        var file = Path.Combine(Folder, $"state-{++exports}.export");
        await StateAsync("export", options.Run, file);
        return file;
    }

    /// <summary>Puts such a copy back, while no node runs.</summary>
    public Task ImportAsync(string file) => StateAsync("import", file, "--kafka", Bootstrap, "--yes");

    /// <summary>Deletes logs and data when all has ended: nobody needs them.</summary>
    public void Forget() => isForgotten = true;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Nodes.DisposeAsync();
        foreach (var relay in redisRelays)
        {
            relay.Dispose();
        }

        if (Kafka is not null)
        {
            await Kafka.DisposeAsync();
        }
        else if (hasTopics)
        {
            using var admin = new DriverAdmin(Bootstrap);
            await admin.DeleteAsync(Topics);
        }

        if (Redis is not null)
        {
            await Redis.DisposeAsync();
        }

        if (isForgotten)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private static string Jars(string? home)
    {
        const string Remedy = "Name a distribution of Apache Kafka 4 (--kafka-home FOLDER, or KAFKA_HOME), or a Kafka "
            + "that runs already: --kafka HOST:PORT.";
        if (string.IsNullOrEmpty(home))
        {
            throw new UserErrorException($"There is no Kafka to start. {Remedy}");
        }

        var jars = OwnKafka.JarsOf(home)
            ?? throw new UserErrorException($"{home} has no kafka-clients-*.jar in libs. {Remedy}");
        OwnProgram.Require("java", "install Java 17 or later, or name a Kafka that runs already: --kafka HOST:PORT");
        return jars;
    }

    private async Task StateAsync(params IEnumerable<string> arguments)
    {
        await using var command = await LeashedProcess.StartAsync(
            Path.Combine(Folder, "operator.log"),
            OwnProgram.Command(["state", .. arguments, "--redis", $"{RedisAt.Host}:{RedisAt.Port}"]));
        if (!await command.EndsWithinAsync(OperatorLimit) || command.ExitCode != 0)
        {
            throw new UserErrorException(
                $"streamactors state {string.Join(' ', arguments)} failed; see {command.Log}.");
        }
    }

    private IEnumerable<KeyValuePair<string, string?>> Settings(int slot)
    {
        yield return new("Chaos__Run", options.Run);
        yield return new("StreamActors__Kafka__BootstrapServers", Kafka?.BootstrapOf(slot) ?? Bootstrap);
        yield return new("StreamActors__Redis__Host", "127.0.0.1");
        yield return new("StreamActors__Redis__Port", $"{redisRelays[slot].Port}");
        yield return new("StreamActors__Pipelines__proof__GroupId", options.Run);
        yield return new("Logging__LogLevel__Microsoft", "Warning");
        yield return new("Logging__Console__FormatterName", "simple");
        yield return new("Logging__Console__FormatterOptions__SingleLine", "true");
        yield return new("Logging__Console__FormatterOptions__TimestampFormat", LostMembership.TimeFormat);
        yield return new("Logging__Console__FormatterOptions__UseUtcTimestamp", "true");
        if (options.DrainLimit is { } drain)
        {
            yield return new(
                "StreamActors__Pipelines__proof__Timing__DrainLimit", $"{drain.TotalMilliseconds}ms");
        }

        yield return new(
            "StreamActors__Pipelines__proof__Timing__CommitInterval",
            $"{(int)options.CommitInterval.TotalMilliseconds}ms");
    }
}
