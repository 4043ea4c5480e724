using System.Diagnostics;
using System.Globalization;
using System.Text;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Chaos;

/// <summary>
/// A Kafka of some brokers, each a controller too, from the jars of a distribution. Each node process has a listener
/// of its own at each broker, which it reaches through a relay: so one node can be cut off while the others, and the
/// driver's own ledger, go on.
/// </summary>
internal sealed class OwnKafka : IAsyncDisposable
{
    /// <summary>After how long without a heartbeat a node is dead.</summary>
    public static readonly TimeSpan Session = TimeSpan.FromSeconds(6);

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    private static readonly string[] JarFolders = ["libs", "lib"];

    private readonly string jars;
    private readonly string folder;
    private readonly int ports;
    private readonly int slots;
    private readonly LeashedProcess?[] brokers;
    private readonly Relay[][] relays;

    /// <summary>Nothing runs yet.</summary>
    /// <param name="jars">The folder of the jars.</param>
    /// <param name="folder">An empty folder for data and logs.</param>
    /// <param name="ports">The first of <see cref="PortsFor"/> free ports.</param>
    /// <param name="count">How many brokers: of three, one may be away.</param>
    /// <param name="slots">How many node processes it is for.</param>
    public OwnKafka(string jars, string folder, int ports, int count, int slots)
    {
        (this.jars, this.folder, this.ports, this.slots) = (jars, folder, ports, slots);
        brokers = new LeashedProcess?[count];
        relays = [.. Enumerable.Range(0, slots).Select(slot => Enumerable.Range(0, Brokers)
            .Select(broker => NewRelay(broker, slot)).ToArray())];
    }

    /// <summary>How many brokers there are.</summary>
    public int Brokers => brokers.Length;

    /// <summary>Its version, as the jars have it.</summary>
    public string Version => VersionOf(jars) ?? "unknown";

    /// <summary>Where the driver connects to, past all relays.</summary>
    public string Bootstrap => string.Join(',', Enumerable.Range(0, Brokers).Select(b => $"127.0.0.1:{PortOf(b, 1)}"));

    /// <summary>How many ports so many brokers for so many nodes take.</summary>
    public static int PortsFor(int count, int slots) => count * (2 + (2 * slots));

    /// <summary>The folder of a distribution's jars; null where there is none.</summary>
    public static string? JarsOf(string home) => JarFolders
        .Select(name => Path.Combine(home, name))
        .FirstOrDefault(static path => Directory.Exists(path) && VersionOf(path) is not null);

    /// <summary>Where the node of a slot connects to.</summary>
    public string BootstrapOf(int slot) =>
        string.Join(',', relays[slot].Select(static relay => $"127.0.0.1:{relay.Port}"));

    /// <summary>The network of a slot's node.</summary>
    public IReadOnlyList<Relay> RelaysOf(int slot) => relays[slot];

    /// <summary>Starts the brokers, and returns when all serve.</summary>
    public async Task StartAsync(CancellationToken stop)
    {
        var id = Convert.ToBase64String(Encoding.ASCII.GetBytes("streamactors-run")).TrimEnd('=');
        for (var broker = 0; broker < Brokers; broker++)
        {
            Directory.CreateDirectory(FolderOf(broker));
            await File.WriteAllTextAsync(FileOf(broker), Settings(broker), stop);
            await ToolAsync(["kafka.tools.StorageTool", "format", "-t", id, "-c", FileOf(broker)], stop);
        }

        await Task.WhenAll(Enumerable.Range(0, Brokers).Select(UpAsync));
        await WholeAsync(stop);
    }

    /// <summary>Sends a signal to a broker.</summary>
    public Task SignalAsync(int broker, string signal) => brokers[broker]!.SignalAsync(signal);

    /// <summary>SIGKILL; returns when it is gone.</summary>
    public async Task KillAsync(int broker)
    {
        await brokers[broker]!.SignalAsync("KILL");
        await brokers[broker]!.DisposeAsync();
    }

    /// <summary>Starts a broker, on the data that it has.</summary>
    public async Task UpAsync(int broker) => brokers[broker] = await LeashedProcess.StartAsync(
        Path.Combine(FolderOf(broker), "log"),
        [
            "java", "-Xshare:auto", "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-cp", Path.Combine(jars, "*"), "kafka.Kafka", FileOf(broker),
        ]);

    /// <summary>The broker that leads the controllers.</summary>
    public async Task<int> ControllerAsync(CancellationToken stop)
    {
        var status = await ToolAsync(
            ["org.apache.kafka.tools.MetadataQuorumCommand", "--bootstrap-server", Bootstrap, "describe", "--status"],
            stop);
        const string Leader = "LeaderId:";
        var line = status.Split('\n').First(static line => line.StartsWith(Leader, StringComparison.Ordinal));
        return int.Parse(line[Leader.Length..], CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until all brokers are members of the cluster, and all replicas in sync.</summary>
    public async Task WholeAsync(CancellationToken stop)
    {
        using var admin = new DriverAdmin(Bootstrap);
        var since = TimeProvider.System.GetTimestamp();
        while (!await admin.IsWholeAsync(Brokers, stop))
        {
            for (var broker = 0; broker < Brokers; broker++)
            {
                if (brokers[broker] is { HasEnded: true, Log: var log })
                {
                    throw new UserErrorException($"Kafka's broker {broker} has ended: {await LastLineAsync(log)}");
                }
            }

            if (TimeProvider.System.GetElapsedTime(since) > StartLimit)
            {
                throw new UserErrorException(
                    $"Kafka is not whole {StartLimit.TotalSeconds} s after a start; its logs are in {folder}.");
            }

            await Task.Delay(Poll, TimeProvider.System, stop);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var relay in relays.SelectMany(static each => each))
        {
            relay.Dispose();
        }

        foreach (var broker in brokers.OfType<LeashedProcess>())
        {
            await broker.DisposeAsync();
        }
    }

    private static string? VersionOf(string jars) => Directory.EnumerateFiles(jars, "kafka-clients-*.jar")
        .Select(static file => Path.GetFileNameWithoutExtension(file)["kafka-clients-".Length..]).FirstOrDefault();

    private static async Task<string> LastLineAsync(string log) =>
        (await File.ReadAllLinesAsync(log)).LastOrDefault(static line => line.Length > 0) ?? "it wrote nothing";

    private string FolderOf(int broker) => Path.Combine(folder, $"broker-{broker}");

    private string FileOf(int broker) => Path.Combine(FolderOf(broker), "server.properties");

    /// <summary>A broker's ports: controller, the driver's, a listener a slot, a relay a slot.</summary>
    private int PortOf(int broker, int which) => ports + (broker * (2 + (2 * slots))) + which;

    private Relay NewRelay(int broker, int slot) =>
        new(PortOf(broker, 2 + slots + slot), new HostPort("127.0.0.1", PortOf(broker, 2 + slot)));

    private string Settings(int broker)
    {
        var nodes = Enumerable.Range(0, slots).ToList();
        var listeners = string.Concat(nodes.Select(slot => $",NODE{slot}://127.0.0.1:{PortOf(broker, 2 + slot)}"));
        var advertised = string.Concat(
            nodes.Select(slot => $",NODE{slot}://127.0.0.1:{PortOf(broker, 2 + slots + slot)}"));
        var voters = Enumerable.Range(0, Brokers).Select(b => $"{b}@127.0.0.1:{PortOf(b, 0)}");
        var (controller, driver) = (PortOf(broker, 0), PortOf(broker, 1));
        var quorum = (Brokers / 2) + 1;
        return $"""
            process.roles=broker,controller
            node.id={broker}
            controller.quorum.voters={string.Join(',', voters)}
            listeners=CONTROLLER://127.0.0.1:{controller},DRIVER://127.0.0.1:{driver}{listeners}
            advertised.listeners=DRIVER://127.0.0.1:{driver}{advertised}
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,DRIVER:PLAINTEXT{string.Concat(
                nodes.Select(static slot => $",NODE{slot}:PLAINTEXT"))}
            controller.listener.names=CONTROLLER
            inter.broker.listener.name=DRIVER
            log.dirs={FolderOf(broker)}/data
            num.network.threads=1
            num.io.threads=4
            auto.create.topics.enable=false
            default.replication.factor={Brokers}
            min.insync.replicas={quorum}
            offsets.topic.replication.factor={Brokers}
            offsets.topic.num.partitions=4
            transaction.state.log.replication.factor={Brokers}
            transaction.state.log.min.isr={quorum}
            transaction.state.log.num.partitions=4
            share.coordinator.state.topic.replication.factor={Brokers}
            share.coordinator.state.topic.min.isr={quorum}
            group.initial.rebalance.delay.ms=0
            group.consumer.min.session.timeout.ms=1000
            group.consumer.session.timeout.ms={(int)Session.TotalMilliseconds}
            group.consumer.min.heartbeat.interval.ms=100
            group.consumer.heartbeat.interval.ms=500
            broker.session.timeout.ms=3000
            broker.heartbeat.interval.ms=500

            """;
    }

    private async Task<string> ToolAsync(IReadOnlyList<string> arguments, CancellationToken stop)
    {
        var start = new ProcessStartInfo(
            "java", ["-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", Path.Combine(jars, "*"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var tool = Process.Start(start)!;
        var errors = tool.StandardError.ReadToEndAsync(stop);
        var output = await tool.StandardOutput.ReadToEndAsync(stop);
        await tool.WaitForExitAsync(stop);
        return tool.ExitCode == 0
            ? output
            : throw new UserErrorException($"Kafka's {arguments[0]} failed: {output}{await errors}");
    }
}
