using System.Diagnostics;

namespace StreamActors.Tests.Fixtures;

/// <summary>One broker without logins, from what a stranger's machine may have instead of kafka.sh.</summary>
internal static class PlainKafka
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);

    /// <summary>The settings that make one broker serve tests quickly, as kafka.sh sets them.</summary>
    private static readonly string[] ForTests =
    [
        "offsets.topic.replication.factor=1",
        "transaction.state.log.replication.factor=1",
        "transaction.state.log.min.isr=1",
        "offsets.topic.num.partitions=4",
        "transaction.state.log.num.partitions=4",
        "num.partitions=4",
        "group.initial.rebalance.delay.ms=0",
        "group.min.session.timeout.ms=1000",
        "group.consumer.min.session.timeout.ms=1000",
        "group.consumer.session.timeout.ms=6000",
        "group.consumer.min.heartbeat.interval.ms=100",
        "group.consumer.heartbeat.interval.ms=500",
    ];

    /// <summary>Starts a broker from the jars of an Apache Kafka distribution.</summary>
    public static async Task<string> FromDistributionAsync(Leash leash, string home)
    {
        var (port, controller) = (Machine.FreePort(), Machine.FreePort());
        var settings = Path.Combine(leash.Folder, "server.properties");
        await File.WriteAllLinesAsync(settings,
        [
            "process.roles=broker,controller",
            "node.id=1",
            $"controller.quorum.voters=1@127.0.0.1:{controller}",
            $"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
            $"advertised.listeners=PLAINTEXT://127.0.0.1:{port}",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names=CONTROLLER",
            $"log.dirs={Path.Combine(leash.Folder, "data")}",
            .. ForTests,
        ]);
        var classpath = Path.Combine(home, "libs", "*");
        var cluster = Convert.ToBase64String(Guid.NewGuid().ToByteArray())[..22].Replace('+', 'a').Replace('/', 'b');
        await leash.RunAsync(
            "java", "-cp", classpath, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", settings);

        using var broker = Process.Start(leash.Command(
            "bash", "-c", "exec java -Xmx1g -cp \"$1\" kafka.Kafka \"$2\" >out.log 2>&1 </dev/null",
            "kafka", classpath, settings))!;
        await Machine.UntilAsync("Kafka of KAFKA_HOME serves", StartLimit, () => broker.HasExited
            ? throw new InvalidOperationException(File.ReadAllText(Path.Combine(leash.Folder, "out.log")))
            : Machine.AcceptsAsync(port));
        return $"127.0.0.1:{port}";
    }

    /// <summary>Starts a broker in a container; its image is fetched by the engine if it is not there.</summary>
    public static async Task<string> FromDockerAsync(Leash leash, string container)
    {
        var port = Machine.FreePort();
        string[] environment =
        [
            "KAFKA_NODE_ID=1",
            "KAFKA_PROCESS_ROLES=broker,controller",
            "KAFKA_CONTROLLER_QUORUM_VOTERS=1@localhost:9093",
            "KAFKA_LISTENERS=PLAINTEXT://:9092,CONTROLLER://:9093",
            $"KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:{port}",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER",
            // The image turns KAFKA_A_B into a.b. A broker in a container reaches itself by its advertised address
            // only for replication, which one broker does not do.
            .. ForTests.Select(setting => "KAFKA_" + EnvironmentName(setting)),
        ];
        await leash.RunAsync("docker",
            ["run", "--detach", "--name", container, "--publish", $"127.0.0.1:{port}:9092",
                .. environment.SelectMany(variable => new[] { "--env", variable }), "apache/kafka:4.3.1"]);
        await Machine.UntilAsync("Kafka in a container serves", StartLimit, async () =>
            (await leash.RunAsync("docker", "logs", container)).Contains("Kafka Server started"));
        return $"127.0.0.1:{port}";
    }

    private static string EnvironmentName(string setting)
    {
        var (name, value) = (setting[..setting.IndexOf('=')], setting[setting.IndexOf('=')..]);
        return name.ToUpperInvariant().Replace('.', '_') + value;
    }
}
