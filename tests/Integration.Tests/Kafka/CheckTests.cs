using Confluent.Kafka;
using StreamActors.Configuration;
using StreamActors.Kafka;
using StreamActors.Sources;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.Kafka;

/// <summary>That a person who cannot connect is told why.</summary>
public sealed class CheckTests
{
    [Fact]
    public async Task A_port_where_nothing_listens_is_named()
    {
        var finding = await FirstAsync(new KafkaOptions { BootstrapServers = "127.0.0.1:1" });
        finding.Ok.ShouldBeFalse();
        finding.Sentence.ShouldContain("Nothing listens");
    }

    [Fact]
    public async Task A_host_that_does_not_exist_is_named()
    {
        var finding = await FirstAsync(new KafkaOptions { BootstrapServers = "no-such-host.invalid:9092" });
        finding.Sentence.ShouldContain("cannot be resolved");
        finding.Sentence.ShouldContain("no-such-host.invalid");
    }

    [Fact]
    public async Task An_embedded_broker_and_its_topics_are_found()
    {
        using var broker = new EmbeddedBroker();
        broker.CreateTopic("there", 3);
        var findings = await KafkaCheck.RunAsync(
            broker.Options,
            [new TopicSpec("there", 3, 1), new TopicSpec("created", 8, 1), new TopicSpec("awaited", 0, 0)],
            CancellationToken.None);
        findings.Select(finding => finding.Ok).ShouldBe([true, true, true, false]);
        findings[1].Sentence.ShouldContain("3 partitions");
    }

    [Fact]
    public async Task Bad_options_are_all_named_and_no_text_holds_a_secret()
    {
        var options = new KafkaOptions
        {
            BootstrapServers = "",
            Security = new() { Protocol = SecurityProtocol.SaslSsl, User = "u", CaFile = "/no/such.pem" },
            ClientSettings = new Dictionary<string, string> { ["enable.auto.commit"] = "true" },
        };
        options.Problems().Count.ShouldBe(4);
        var secret = options with { Security = options.Security with { Password = "s3cr3t" } };
        secret.ToString().ShouldNotContain("s3cr3t");
        secret.Security.ToString().ShouldNotContain("s3cr3t");
        (await KafkaCheck.RunAsync(options, [], CancellationToken.None)).ShouldAllBe(finding => !finding.Ok);
    }

    [Theory]
    [InlineData("acks", "request.required.acks")]
    [InlineData("message.timeout.ms", "delivery.timeout.ms")]
    [InlineData("enable.auto.commit", "auto.commit.enable")]
    [InlineData("retries", "message.send.max.retries")]
    public void A_setting_that_the_promises_rest_on_is_refused_by_each_of_its_names(params string[] names)
    {
        var options = new KafkaOptions
        {
            BootstrapServers = "k:9092",
            ClientSettings = names.ToDictionary(static name => name, static _ => "1"),
        };
        options.Problems().Count.ShouldBe(names.Length);
    }

    [Theory]
    [InlineData("max.in.flight", "6", "max.in.flight")]    // the producer's rule
    [InlineData("fetch.max.bytes", "1", "fetch.max.bytes")]    // the consumer's
    [InlineData("linger.ms", "soon", "queue.buffering.max.ms")]    // its other name
    public async Task A_setting_that_one_client_refuses_is_named_before_anything_starts(
        string name, string value, string named)
    {
        using var broker = new EmbeddedBroker();
        var options = broker.Options with { ClientSettings = new Dictionary<string, string> { [name] = value } };
        var reader = new SettingsReader();
        new Connectors().AddKafka(options).All.ShouldHaveSingleItem().Read(reader);
        reader.Mistakes.ShouldHaveSingleItem().ShouldContain(named);
        (await FirstAsync(options)).Sentence.ShouldContain(named);
    }

    [Theory]
    [InlineData("after 2ms in state UP", true)]
    [InlineData("after 65432ms in state UP", false)]
    public void Only_a_connection_that_is_closed_at_once_asks_for_a_log_in(string when, bool asks)
    {
        var error = new Error(ErrorCode.Local_Transport, $"k:9092/bootstrap: Disconnected: closed by peer ({when})");
        var fault = KafkaFault.Explain(error, new KafkaOptions { BootstrapServers = "k:9092" });
        fault.Remedy.Contains("KAFKA_SASL_USERNAME").ShouldBe(asks, fault.ToString());
    }

    [KafkaFact(Dedicated = true)]
    public async Task Log_ins_work_for_all_clients_and_failures_are_explained()
    {
        await using var kafka = await RealKafka.StartAsync(new() { Sasl = "alice:secret1", Tls = true });
        var good = new KafkaOptions
        {
            BootstrapServers = kafka.Bootstrap,
            Security = new()
            {
                Protocol = SecurityProtocol.SaslSsl,
                Mechanism = SaslMechanism.ScramSha256,
                User = "alice",
                Password = "secret1",
                CaFile = kafka.CaFile,
            },
        };
        foreach (var mechanism in new[] { SaslMechanism.ScramSha256, SaslMechanism.Plain })
        {
            var options = good with { Security = good.Security with { Mechanism = mechanism } };
            (await FirstAsync(options)).Ok.ShouldBeTrue();
            var topic = RealKafka.Name("t");
            using var source = new KafkaSource(options, TimeProvider.System);
            using var member = new Member(options, RealKafka.Name("g"), topic);
            await source.PrepareAsync("p", [new TopicSpec(topic, 1, 1)], member, CancellationToken.None)
                .WaitAsync(TimeSpan.FromSeconds(20));
            member.Start();
            await Machine.UntilAsync(
                "the assignment", TimeSpan.FromSeconds(20), () => Task.FromResult(member.Owned.Count == 1));
            await member.CloseAsync();
        }

        (await FirstAsync(With(good, s => s with { Password = "wrong" })))
            .Sentence.ShouldContain("refuse the user alice");
        (await FirstAsync(With(good, s => s with { Mechanism = SaslMechanism.ScramSha512 })))
            .Sentence.ShouldContain("do not accept the SASL mechanism");
        var plaintext = await FirstAsync(With(good, s => s with { Protocol = SecurityProtocol.SaslPlaintext }));
        plaintext.Remedy.ShouldContain("set the security protocol to SASL_SSL (", customMessage: plaintext.Sentence);
        var nobody = await FirstAsync(With(good, s => s with { Protocol = SecurityProtocol.Ssl }));
        nobody.Sentence.ShouldContain("closes the connection at the first request that comes without a log-in");
        nobody.Remedy.ShouldContain("set the security protocol to SASL_SSL, the user and the password");
        (await FirstAsync(With(good, s => s with { CaFile = null }))).Sentence.ShouldContain("not trusted");
    }

    [KafkaFact]
    public async Task TLS_against_a_port_without_it_is_explained()
    {
        var kafka = await RealKafka.SharedAsync();
        var finding = await FirstAsync(new KafkaOptions
        {
            BootstrapServers = kafka.Bootstrap,
            Security = new() { Protocol = SecurityProtocol.Ssl },
        });
        finding.Sentence.ShouldContain("does not speak TLS");
    }

    private static KafkaOptions With(
        KafkaOptions options, Func<KafkaSecurityOptions, KafkaSecurityOptions> change) =>
        options with { Security = change(options.Security) };

    private static async Task<Finding> FirstAsync(KafkaOptions options) =>
        (await KafkaCheck.RunAsync(options, [], CancellationToken.None))[0];
}
