using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Confluent.Kafka;
using StreamActors.Kafka;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.Cli;

/// <summary>The program as its user meets it: what it says, and its exit codes.</summary>
public sealed class CommandLineTests
{
    [Fact]
    public async Task The_version_is_the_version_alone()
    {
        var (code, output, _) = await StreamActorsProcess.RunAsync("--version");

        code.ShouldBe(0);
        output.Trim().ShouldMatch(@"^\d+\.\d+\.\d+$");
    }

    [Fact]
    public async Task The_help_lists_every_command_with_examples_and_exit_codes()
    {
        var (code, output, _) = await StreamActorsProcess.RunAsync("--help");

        code.ShouldBe(0);
        string[] parts = ["run", "demo", "load", "check", "topics", "state", "reset", "Examples:", "Exit codes:"];
        foreach (var part in parts)
            output.ShouldContain(part);
    }

    [Theory]
    [InlineData("run ride-shar", "There is no pipeline ride-shar. Did you mean ride-share? Known: ride-share.")]
    [InlineData("dmeo", "streamactors has no command dmeo. Did you mean demo?")]
    [InlineData("demo --secnds 3", "streamactors demo has no option --secnds. Did you mean --seconds?")]
    [InlineData("load ride-share --malformed 2", "--malformed is \"2\": it must be a number from 0 to 1")]
    [InlineData("run ride-share --foo", "streamactors run has no option --foo.\n")]
    [InlineData("bench fps", "There is no bench fps. Did you mean gps? Known: gps, pass.")]
    [InlineData("rnu ride-share", "streamactors has no command rnu. Did you mean run? Known: ")]
    [InlineData("topics", "streamactors topics needs a command: list, create.")]
    public async Task A_mistake_is_named_with_what_was_probably_meant(string arguments, string sentence)
    {
        var (code, _, errors) = await StreamActorsProcess.RunAsync(arguments);

        code.ShouldBe(2);
        errors.ShouldContain(sentence);
        errors.Trim().Split('\n').Length.ShouldBeLessThanOrEqualTo(2, "a mistake is one line, where to read another");
    }

    [Fact]
    public async Task A_check_of_absent_peers_names_each_with_its_remedy_and_no_colour()
    {
        using var busy = new TcpListener(IPAddress.Any, 0);
        busy.Start();
        var port = ((IPEndPoint)busy.LocalEndpoint).Port;

        var (code, output, _) = await StreamActorsProcess.RunAsync(
            "check",
            ("KAFKA_BOOTSTRAP_SERVERS", $"127.0.0.1:{Machine.FreePort()}"),
            ("REDIS_PORT", $"{Machine.FreePort()}"),
            ("API_PORT", $"{port}"));

        code.ShouldBe(1);
        output.ShouldContain("✘ Nothing listens at the Kafka port");
        output.ShouldContain("✘ Redis localhost:");
        output.ShouldContain($"✘ Port {port} (API_PORT) is in use");
        output.ShouldContain("✔ Port");
        Regex.Count(output, "→ ").ShouldBe(3);
        output.ShouldContain("3 things to mend.");
        output.ShouldNotContain("\e");
    }

    [Theory]
    [InlineData("run ride-share")]
    [InlineData("demo --kafka 127.0.0.1:1 --redis 127.0.0.1:1")]
    [InlineData("load ride-share")]
    [InlineData("topics list")]
    public async Task A_setting_that_the_Kafka_client_refuses_is_a_mistake_of_the_user(string arguments)
    {
        var (code, _, errors) = await StreamActorsProcess.RunAsync(
            arguments,
            ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"),
            ("KAFKA_SECURITY_PROTOCOL", "SSL"),
            ("KAFKA_SSL_CA_LOCATION", typeof(CommandLineTests).Assembly.Location));

        code.ShouldBe(2, errors);
        errors.ShouldContain("The Kafka client refuses its settings: ");
        errors.ShouldContain("KAFKA_SSL_CA_LOCATION");
        errors.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task A_load_that_could_send_nothing_says_so_with_the_remedy_and_exit_code_1()
    {
        var (code, output, _) = await StreamActorsProcess.RunAsync(
            "load ride-share --seconds 1 --kafka 127.0.0.1:1");

        code.ShouldBe(1);
        output.ShouldContain("Kafka at 127.0.0.1:1 did not answer: nothing was sent. Start it, or name another");
    }

    [Fact]
    public async Task Two_loads_are_two_cities_unless_a_seed_is_given()
    {
        (await SeedOfAsync("")).ShouldNotBe(await SeedOfAsync(""));
        (await SeedOfAsync("--seed 7")).ShouldBe("7");

        static async Task<string> SeedOfAsync(string seed) => Regex.Match(
            (await StreamActorsProcess.RunAsync($"load ride-share --seconds 1 --kafka 127.0.0.1:1 {seed}")).Output,
            @"seed (\d+): --seed \1 makes the same city").Groups[1].Value;
    }

    [Fact]
    public async Task A_load_whose_producer_fails_ends_with_a_sentence_and_exit_code_1()
    {
        using var broker = new EmbeddedBroker();
        using var load = StreamActorsProcess.Start(
            $"load ride-share --drivers 50 --rate 2000 --kafka {broker.BootstrapServers}");
        await load.UntilItSaysAsync("00:00:02");

        broker.FailNext(0, ErrorCode.OutOfOrderSequenceNumber);

        (await load.EndAsync()).ShouldBe(1, load.Errors);
        load.Output.ShouldContain("The Kafka producer failed, and the city ended with it: ");
        load.Errors.Trim().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_load_ends_with_totals_that_Kafka_has_and_exit_code_0_on_an_interrupt()
    {
        using var broker = new EmbeddedBroker();
        using var load = StreamActorsProcess.Start(
            $"load ride-share --drivers 50 --rate 2000 --kafka {broker.BootstrapServers}");
        await load.UntilItSaysAsync("00:00:02");

        load.Signal("INT");

        (await load.EndAsync()).ShouldBe(0);
        var total = Number(load.Output, @"^total +([\d,]+)");
        total.ShouldBeGreaterThan(1_000);
        Number(load.Output, @"^gps_pings +([\d,]+)").ShouldBe(CountOf(broker, "gps_pings"));
        Number(load.Output, @"([\d,]+) are malformed").ShouldBeInRange(1, total / 20);
    }

    private static long Number(string text, string pattern) =>
        long.Parse(Regex.Match(text, pattern, RegexOptions.Multiline).Groups[1].Value.Replace(",", ""));

    private static long CountOf(EmbeddedBroker broker, string topic)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig
        {
            BootstrapServers = broker.BootstrapServers,
            GroupId = "count",
        }).Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        return admin.GetMetadata(topic, TimeSpan.FromSeconds(5)).Topics[0].Partitions.Sum(partition => consumer
            .QueryWatermarkOffsets(new(topic, partition.PartitionId), TimeSpan.FromSeconds(5)).High.Value);
    }
}
