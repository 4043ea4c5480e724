using Confluent.Kafka;

namespace StreamActors.Tests.Fixtures;

/// <summary>What the other tests take for granted about their servers.</summary>
public sealed class FixtureTests
{
    [Fact]
    public async Task A_leash_ends_what_moved_to_a_session_of_its_own_and_deletes_its_folder()
    {
        var leash = new Leash();
        var pid = int.Parse(await leash.RunAsync("bash", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!"));
        await Machine.UntilAsync("the process runs", TimeSpan.FromSeconds(5), () => Task.FromResult(IsRunning(pid)));

        await leash.DisposeAsync();

        IsRunning(pid).ShouldBeFalse();
        Directory.Exists(leash.Folder).ShouldBeFalse();
    }

    [KafkaFact]
    public async Task A_shared_Kafka_returns_what_was_produced()
    {
        var kafka = await RealKafka.SharedAsync();
        ReadBack(new() { BootstrapServers = kafka.Bootstrap }).ShouldBe("hello");
    }

    [KafkaFact(Dedicated = true)]
    public async Task A_Kafka_of_its_own_asks_for_a_login_and_comes_back_after_a_kill()
    {
        await using var kafka = await RealKafka.StartAsync(new() { Sasl = "alice:secret1", Tls = true });
        var login = new ClientConfig
        {
            BootstrapServers = kafka.Bootstrap,
            SecurityProtocol = SecurityProtocol.SaslSsl,
            SaslMechanism = SaslMechanism.ScramSha256,
            SaslUsername = "alice",
            SaslPassword = "secret1",
            SslCaLocation = kafka.CaFile,
        };
        ReadBack(login).ShouldBe("hello");

        await kafka.KillAsync(1);
        await kafka.UpAsync(1);

        ReadBack(login).ShouldBe("hello");
        (await kafka.CliAsync("topics", "--list")).ShouldContain("fixture-");
    }

    [RedisFact]
    public async Task A_Redis_is_frozen_killed_and_started_again_on_its_port()
    {
        await using var redis = await RealRedis.StartAsync(new() { Durable = true });
        await redis.CliAsync("SET", "key", "kept");

        await redis.FreezeAsync();
        var answer = redis.CliAsync("GET", "key");
        (await Task.WhenAny(answer, Task.Delay(200))).ShouldNotBe(answer);
        await redis.ThawAsync();
        (await answer).ShouldStartWith("kept");

        await Task.Delay(1100);    // Redis writes its log to the disk once a second
        await redis.KillAsync();
        (await Machine.AcceptsAsync(redis.Port)).ShouldBeFalse();
        await redis.StartAgainAsync();
        (await redis.CliAsync("GET", "key")).ShouldStartWith("kept");
    }

    [RedisFact]
    public async Task A_Redis_asks_for_a_password_speaks_TLS_and_knows_users()
    {
        await using var redis = await RealRedis.StartAsync(
            new() { Password = "pass1", Tls = true, Users = ["alice on >secret ~* &* +@all"] });

        (await redis.CliAsync("PING")).ShouldStartWith("PONG");
        (await redis.CliAsync("ACL", "LIST")).ShouldContain("user alice on");
        (await redis.CliAsync("--user", "alice", "-a", "secret", "ACL", "WHOAMI")).ShouldStartWith("alice");
    }

    /// <summary>A killed process that nobody has waited for yet has no command line any more.</summary>
    private static bool IsRunning(int pid) =>
        File.Exists($"/proc/{pid}/cmdline") && File.ReadAllText($"/proc/{pid}/cmdline").Length > 0;

    private static string ReadBack(ClientConfig client)
    {
        var topic = RealKafka.Name("fixture");
        using var producer = new ProducerBuilder<Null, string>(client).Build();
        producer.Produce(topic, new() { Value = "hello" });
        producer.Flush(TimeSpan.FromSeconds(30)).ShouldBe(0);

        var group = new ConsumerConfig(client) { GroupId = topic, AutoOffsetReset = AutoOffsetReset.Earliest };
        using var consumer = new ConsumerBuilder<Ignore, string>(group).Build();
        consumer.Subscribe(topic);
        return consumer.Consume(TimeSpan.FromSeconds(30)).Message.Value;
    }
}
