using StreamActors.Tests.Cli;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.Chaos;

/// <summary>Real processes on a real Kafka and Redis: nothing is lost, whatever dies.</summary>
public sealed class ChaosTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMinutes(3.5);
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(40);

    // Three brokers and as many nodes want a machine to themselves: beside other tests, two cores lose sessions.
    [KafkaFact(Dedicated = true, Redis = true, Long = true)]
    public Task Nothing_is_lost_when_nodes_die_freeze_join_and_leave() => ProveAsync(
        "--minutes 1.1 --fault kill --fault freeze --fault leave --fault join", Short);

    // The build itself stands for the previous one: what is on trial is that its nodes come, go and are replaced.
    [KafkaFact(Dedicated = true, Redis = true, Long = true)]
    public Task Nothing_is_lost_in_an_upgrade_and_the_way_back() => ProveAsync(
        $"--minutes 0.1 --fault upgrade --previous {AppContext.BaseDirectory}", Short);

    [KafkaFact(Dedicated = true, Redis = true, Long = true)]
    public Task Nothing_is_lost_in_twenty_minutes_of_every_fault() => ProveAsync("--minutes 20", Long);

    [Theory]
    [InlineData("--minutes 0", "--minutes is \"0\": it must be a number of minutes above 0, up to 1440.")]
    [InlineData("--nodes 1", "--nodes is \"1\": it must be a whole number from 2 to 20.")]
    [InlineData("--rate 0", "--rate is \"0\"")]
    [InlineData("--fault kil", "There is no fault kil. Did you mean kill?")]
    [InlineData("--kafka nowhere", "--kafka is \"nowhere\": it must be HOST:PORT")]
    [InlineData("--redis localhost", "--redis is \"localhost\": it must be HOST:PORT")]
    [InlineData("--kafka-home /nowhere", "/nowhere has no kafka-clients-*.jar in libs.")]
    [InlineData("--previous /nowhere", "/nowhere has no streamactors.dll.")]
    [InlineData("--previous . --fault kill", "--previous is for the fault upgrade, which is not among")]
    [InlineData(
        "--kafka localhost:1 --redis localhost:1 --fault upgrade",
        "upgrade: there is no previous build to begin with (--previous FOLDER)")]
    [InlineData(
        "--kafka localhost:1 --redis localhost:1 --fault broker-kill --fault redis-kill",
        "broker-kill: the brokers are not the run's own (--kafka)")]
    public async Task A_mistake_is_named_before_anything_starts(string arguments, string sentence)
    {
        var (code, _, errors) = await StreamActorsProcess.RunAsync($"chaos {arguments}", ("KAFKA_HOME", ""));

        code.ShouldBe(2, errors);
        errors.ShouldContain(sentence);
        errors.ShouldNotContain("   at ");
    }

    private static async Task ProveAsync(string arguments, TimeSpan limit)
    {
        var seed = Random.Shared.Next();    // printed by the command, and in the failure below
        var home = Path.GetDirectoryName(KafkaOffer.Dedicated.Value)!;
        using var chaos = StreamActorsProcess.Start($"chaos --seed {seed} {arguments}", ("KAFKA_HOME", home));

        (await chaos.EndAsync(limit)).ShouldBe(0, $"seed {seed}\n{chaos.Output}\n{chaos.Errors}");

        chaos.Output.ShouldContain("Every promise was kept.");
        chaos.Output.ShouldContain($"--seed {seed}");
    }
}
