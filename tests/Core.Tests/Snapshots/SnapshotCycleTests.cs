using StreamActors.Core.Tests.Doubles;
using StreamActors.Sinks;
using StreamActors.Snapshots;

namespace StreamActors.Core.Tests.Snapshots;

/// <summary>When a shard's state is cut; that it is consistent and lost nowhere is the simulation's to prove.</summary>
public sealed class SnapshotCycleTests
{
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);
    private static readonly Target<int> Out = new("sink", static _ => "out", new Numbers());

    [Fact]
    public void A_cut_waits_for_a_window_that_closes_soon_and_then_has_nothing_of_it()
    {
        var store = new Saves();
        var route = new OneRoute(p => p.From("t", new Numbers()).DedupById(IdOf, Window).Every(Window).Latest()
            .To(Out), store: store);

        // There is one window after the other, and the commit interval ends in the midst of one.
        for (var now = 30; now <= 11_000; now += 30)
        {
            route.Send("k", now);
            route.Advance(TimeSpan.FromMilliseconds(now));
        }

        store.Held.Count.ShouldBeInRange(2, 3);
        store.Held.ShouldAllBe(static held => held == 0);
    }

    [Fact]
    public void A_window_that_is_open_for_long_is_cut_as_it_is()
    {
        var store = new Saves();
        var route = new OneRoute(p => p.From("t", new Numbers()).DedupById(IdOf, Window).Every(TimeSpan.FromHours(1))
            .Latest().To(Out), store: store);
        route.Send("k", 1);

        route.Advance(TimeSpan.FromSeconds(5));

        store.Held.ShouldBe([1L]);
    }

    private static UInt128? IdOf(int value) => (UInt128)value;

    private sealed class Saves : IStateStore, IShardState
    {
        /// <summary>How many records of the window each save has.</summary>
        public List<long> Held { get; } = [];

        public string Name => "saves";

        public long Token => 1;

        public long Number => 0;

        public ReadOnlyMemory<byte> Head => default;

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

        public Task<Claim> ClaimAsync(string shard, long generation, bool force, CancellationToken stop) =>
            Task.FromResult(new Claim(this, generation));

        public Task<ReadOnlyMemory<byte>> ReplaceAsync(
            string group, ReadOnlyMemory<byte> seen, ReadOnlyMemory<byte> by, CancellationToken stop) =>
            Task.FromResult(by);

        public Task DeleteAsync(string shard, CancellationToken stop) =>
            throw new NotSupportedException("Nothing is stored.");

        public Task<SaveOutcome> SaveAsync(ShardSave save, CancellationToken stop)
        {
            var head = ShardHead.Read("s", save.Head.Span);
            var window = head.Parts.Single(static part => part.Name.StartsWith("window", StringComparison.Ordinal));
            Held.Add(new SnapshotReader(window.Head.Span, ("s", window.Name)).ReadNumber());
            return Task.FromResult(SaveOutcome.Current);
        }

        public Task<IReadOnlyList<ReadOnlyMemory<byte>?>> GetAsync(
            string part, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken stop) =>
            throw new NotSupportedException("Nothing is stored.");

        public Task<StatePage> ScanAsync(string part, string cursor, CancellationToken stop) =>
            throw new NotSupportedException("Nothing is stored.");

        public Task<ReadOnlyMemory<byte>> ReadLogAsync(string log, long from, long to, CancellationToken stop) =>
            throw new NotSupportedException("Nothing is stored.");

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
