using System.Diagnostics;

namespace StreamActors.Tests.Fixtures;

/// <summary>Where a real Kafka comes from.</summary>
public enum KafkaOrigin
{
    /// <summary>None can be had: see <see cref="KafkaOffer.WhyNot"/>.</summary>
    None,

    /// <summary>Brokers that run already: STREAMACTORS_TEST_KAFKA.</summary>
    Running,

    /// <summary>An Apache Kafka distribution: KAFKA_HOME.</summary>
    Distribution,

    /// <summary>kafka.sh of the folder beside the repository.</summary>
    Script,

    /// <summary>A Docker engine and the apache/kafka image.</summary>
    Docker,
}

/// <summary>The first of the origins that this machine has, looked up once.</summary>
/// <param name="Value">Bootstrap servers, a folder, or the path of kafka.sh.</param>
public sealed record KafkaOffer(KafkaOrigin Origin, string Value = "", string? WhyNot = null)
{
    /// <summary>For tests that share one cluster.</summary>
    public static KafkaOffer Shared { get; } = Find();

    /// <summary>For tests with a cluster of their own (brokers, logins, faults). Only kafka.sh does that.</summary>
    public static KafkaOffer Dedicated { get; } = FindScript()
        ?? new(KafkaOrigin.None, WhyNot: "needs a Kafka cluster of its own: ../shared/kafka/kafka.sh and Java 17");

    private static KafkaOffer Find()
    {
        if (Environment.GetEnvironmentVariable("STREAMACTORS_TEST_KAFKA") is { Length: > 0 } servers)
            return new(KafkaOrigin.Running, servers);
        if (Environment.GetEnvironmentVariable("KAFKA_HOME") is { Length: > 0 } home && Directory.Exists(home))
        {
            return Machine.Has("java")
                ? new(KafkaOrigin.Distribution, home)
                : new(KafkaOrigin.None, WhyNot: "KAFKA_HOME is set, but there is no java on the PATH (17 or newer)");
        }

        return FindScript() ?? FindDocker() ?? new(
            KafkaOrigin.None,
            WhyNot: "no real Kafka: set STREAMACTORS_TEST_KAFKA or KAFKA_HOME, or have a Docker engine");
    }

    private static KafkaOffer? FindScript()
    {
        var script = Path.GetFullPath(Path.Combine(Machine.Repository, "..", "shared", "kafka", "kafka.sh"));
        return File.Exists(script) && Machine.Has("java") ? new(KafkaOrigin.Script, script) : null;
    }

    private static KafkaOffer? FindDocker()
    {
        if (!Machine.Has("docker"))
            return null;
        using var docker = Process.Start(new ProcessStartInfo("docker", "info")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        docker.StandardOutput.ReadToEnd();
        return docker.WaitForExit(5_000) && docker.ExitCode == 0 ? new(KafkaOrigin.Docker) : null;
    }
}
