using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Sinks;

public sealed class SinkGateTests
{
    private readonly RecordedEvents events = new();
    private readonly SinkGate gate;

    public SinkGateTests() => gate = new SinkGate("p", "sink", events, new Random(1));

    [Fact]
    public void It_opens_at_a_failure_and_lets_one_probe_through_at_a_time()
    {
        gate.TryEnter(0, out _).ShouldBe(GatePass.Normal);
        gate.Failed(0, "away", GatePass.Normal);
        gate.TryEnter(1, out var again).ShouldBe(GatePass.None);
        again.ShouldBeInRange(40, 60);
        gate.TryEnter(again, out _).ShouldBe(GatePass.Probe);
        gate.TryEnter(again, out _).ShouldBe(GatePass.None);
        gate.Abandoned(GatePass.Probe);
        gate.TryEnter(again, out _).ShouldBe(GatePass.Probe);
    }

    [Fact]
    public void Its_waits_double_up_to_a_second()
    {
        gate.Failed(0, "away", GatePass.Normal);
        var now = 0L;
        foreach (var wait in new[] { 50, 100, 200, 400, 800, 1_000, 1_000 })
        {
            gate.TryEnter(now, out var again).ShouldBe(GatePass.None);
            (again - now).ShouldBeInRange(wait * 4 / 5, (wait * 6 / 5) + 1);
            now = again;
            gate.TryEnter(now, out _).ShouldBe(GatePass.Probe);
            gate.Failed(now, "away", GatePass.Probe);
        }
    }

    [Fact]
    public void An_episode_is_reported_once_at_each_end()
    {
        gate.Failed(0, "away", GatePass.Normal);
        for (var now = 100L; now < 10_000; now += 2_000)
        {
            gate.TryEnter(now, out _).ShouldBe(GatePass.Probe);
            gate.Failed(now, "still away", GatePass.Probe);
        }

        gate.TryEnter(20_000, out _).ShouldBe(GatePass.Probe);
        gate.Succeeded(20_000, GatePass.Probe);
        gate.Succeeded(20_001, GatePass.Normal);
        gate.TryEnter(20_001, out _).ShouldBe(GatePass.Normal);
        events.All.ShouldBe(
        [
            new EngineEvent.PeerTrouble("p", "sink", "away"),
            new EngineEvent.PeerRecovered("p", "sink", TimeSpan.FromSeconds(20)),
        ]);
    }

    [Fact]
    public void What_had_begun_before_the_trouble_neither_lengthens_the_wait_nor_ends_the_probe()
    {
        for (var shard = 0; shard < 50; shard++)
        {
            gate.Failed(0, "away", GatePass.Normal);
        }

        gate.TryEnter(60, out _).ShouldBe(GatePass.Probe);
        gate.Failed(60, "away", GatePass.Normal);
        gate.Succeeded(60, GatePass.Normal);
        gate.Abandoned(GatePass.Normal);
        gate.TryEnter(60, out _).ShouldBe(GatePass.None);
    }
}
