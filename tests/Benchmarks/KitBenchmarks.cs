using BenchmarkDotNet.Attributes;
using StreamActors.Sinks;
using StreamActors.Testing;

namespace StreamActors.Benchmarks;

/// <summary>What a case of the test kit costs: a process, a record sent, half an hour passed, a value read.</summary>
[MemoryDiagnoser]
public class KitBenchmarks
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(30);

    /// <summary>One whole case.</summary>
    [Benchmark]
    public int Case()
    {
        using var test = PipelineTest.Of(static pipeline => pipeline.From("in", Codec.Text)
            .Entity<Reminder, Silence, string>()
            .To(new Target<string>("kafka", static _ => "out", Codec.Text)));
        test.Send("in", "k", "x");
        test.Advance(Quiet);
        return test.Read<string>("out").Count;
    }

    /// <summary>The state of an entity that keeps nothing.</summary>
    [StateVersion(1)]
    public record struct Silence;

    /// <summary>Emits its key when it was quiet for half an hour.</summary>
    public sealed class Reminder : IEntity<string, Silence, string>
    {
        /// <inheritdoc/>
        public void On(string record, ref Silence state, Turn<string> turn) =>
            turn.Timer("quiet", turn.Now + Quiet);

        /// <inheritdoc/>
        public void OnTimer(string name, ref Silence state, Turn<string> turn) => turn.Emit(turn.Key);
    }
}
