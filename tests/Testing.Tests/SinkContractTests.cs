using System.Reflection;
using StreamActors.Testing.Tests.Doubles;

namespace StreamActors.Testing.Tests;

/// <summary>A sink that keeps its promises passes each of them, and each of them can fail.</summary>
public sealed class SinkContractTests : SinkContract
{
    private readonly SinkPeer peer = new();
    private SinkFault fault;

    protected internal override SinkContractOptions Options { get; } = new()
    {
        DeliveryLimit = TimeSpan.FromSeconds(1),
        FailureLimit = TimeSpan.FromSeconds(2),
        RecoveryLimit = TimeSpan.FromSeconds(3),
        StopLimit = TimeSpan.FromSeconds(1),
        ReachLimit = TimeSpan.FromSeconds(1),
        LargeValueBytes = 100_000,
    };

    protected internal override SinkOutput Undeliverable => FaultySink.TooLarge;

    public static IEnumerable<object[]> All => [.. Promises, .. OutagePromises, .. RefusalPromises];

    [Theory]
    [MemberData(nameof(Promises))]
    [MemberData(nameof(OutagePromises))]
    [MemberData(nameof(RefusalPromises))]
    public Task A_sink_that_is_right_passes(SinkPromise promise) => CheckAsync(promise);

    [Theory]
    [InlineData(SinkFault.LosesTheLast, SinkPromise.BatchArrivesInOrder)]
    [InlineData(SinkFault.Reverses, SinkPromise.BatchArrivesInOrder)]
    [InlineData(SinkFault.ThrowsWhenEmpty, SinkPromise.EmptyBatchCompletes)]
    [InlineData(SinkFault.ReadsTheBatchLater, SinkPromise.BatchIsUsedAgain)]
    [InlineData(SinkFault.AddsInFront, SinkPromise.BatchesArriveInOrder)]
    [InlineData(SinkFault.SharesOneBuffer, SinkPromise.ShardsDeliverSideBySide)]
    [InlineData(SinkFault.KnowsOneDestination, SinkPromise.DestinationsAreKeptApart)]
    [InlineData(SinkFault.LosesTombstones, SinkPromise.AllPartsArrive)]
    [InlineData(SinkFault.LosesHeaders, SinkPromise.AllPartsArrive)]
    [InlineData(SinkFault.TakesValuesForText, SinkPromise.AnyBytesArrive)]
    [InlineData(SinkFault.CutsLargeValues, SinkPromise.LargeValuesArrive)]
    [InlineData(SinkFault.HangsWhenStopped, SinkPromise.StoppedDeliveryEnds)]
    [InlineData(SinkFault.SaysItIsAway, SinkPromise.PeerIsReachable)]
    [InlineData(SinkFault.Buffers, SinkPromise.AcknowledgedIsThere)]
    [InlineData(SinkFault.ForgetsDeliveriesAtItsEnd, SinkPromise.DisposingEndsDeliveries)]
    [InlineData(SinkFault.ThrowsWhenDisposedAgain, SinkPromise.DisposingTwiceIsHarmless)]
    [InlineData(SinkFault.AcknowledgesWhileAway, SinkPromise.DeliversWhenPeerIsBack)]
    [InlineData(SinkFault.FailsWithItsOwnError, SinkPromise.DeliversWhenPeerIsBack)]
    [InlineData(SinkFault.WaitsForEver, SinkPromise.DeliversWhenPeerIsBack)]
    [InlineData(SinkFault.AcknowledgesWhileAway, SinkPromise.KeepsOrderThroughOutage)]
    [InlineData(SinkFault.StaysAway, SinkPromise.OpensInOutage)]
    [InlineData(SinkFault.WaitsForEver, SinkPromise.StoppedDeliveryEndsInOutage)]
    [InlineData(SinkFault.WaitsForEver, SinkPromise.DisposingEndsDeliveriesInOutage)]
    [InlineData(SinkFault.SaysItIsThere, SinkPromise.OutageIsSeen)]
    [InlineData(SinkFault.ThrowsWhenAsked, SinkPromise.OutageIsSeen)]
    [InlineData(SinkFault.ThrowsWhatItCannotTake, SinkPromise.UndeliverableIsRefused)]
    [InlineData(SinkFault.RefusesOnce, SinkPromise.EachAttemptRefuses)]
    public async Task A_sink_that_is_wrong_fails_by_the_promise_that_it_breaks(SinkFault wrong, SinkPromise promise)
    {
        fault = wrong;
        var broken = await Should.ThrowAsync<SinkContractException>(() => CheckAsync(promise));
        broken.Message.ShouldStartWith($"memory breaks a promise: ");
        broken.Message.ShouldContain("\ngot:      ");
    }

    [Fact]
    public void Each_promise_is_broken_by_some_wrong_sink_above()
    {
        var broken = typeof(SinkContractTests)
            .GetMethod(nameof(A_sink_that_is_wrong_fails_by_the_promise_that_it_breaks))!
            .GetCustomAttributes<InlineDataAttribute>()
            .Select(static each => (SinkPromise)each.GetData(null!).Single()[1]);
        All.Select(static each => (SinkPromise)each[0]).Except(broken).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(OutagePromises))]
    [MemberData(nameof(RefusalPromises))]
    public async Task A_promise_whose_hook_is_missing_fails_and_names_the_hook(SinkPromise promise)
    {
        var error = await Should.ThrowAsync<SinkContractException>(() => new Bare().CheckAsync(promise));
        error.Message.ShouldMatch("Bare runs (OutagePromises|RefusalPromises), which need (GoAwayAsync|Undeliverable)");
    }

    [Fact]
    public Task A_promise_that_there_is_not_is_an_error() =>
        Should.ThrowAsync<ArgumentException>(() => CheckAsync((SinkPromise)99));

    [Theory]
    [MemberData(nameof(All))]
    public async Task No_promise_is_kept_by_a_sink_that_refuses_everything_even_if_its_author_says_so(
        SinkPromise promise)
    {
        var error = await Should.ThrowAsync<SinkContractException>(
            () => new Idle(SinkFault.RefusesAll).CheckAsync(promise));
        error.Message.ShouldContain("Where values have a format, override Value(text)");
    }

    [Theory]
    [MemberData(nameof(All))]
    public Task No_promise_is_kept_by_a_sink_that_acknowledges_everything_and_delivers_nothing(SinkPromise promise) =>
        Should.ThrowAsync<SinkContractException>(() => new Idle(SinkFault.DeliversNothing).CheckAsync(promise));

    [Theory]
    [MemberData(nameof(All))]
    public Task A_sink_that_takes_one_format_is_held_to_the_promises_with_values_of_that(SinkPromise promise) =>
        new Documents().CheckAsync(promise);

    [Fact]
    public async Task A_promise_that_is_left_out_prints_the_reason()
    {
        var documents = new Documents();
        await documents.CheckAsync(SinkPromise.AnyBytesArrive);
        documents.Printed.ShouldBe(
        [
            "Documents leaves out AnyBytesArrive (\"Any bytes arrive as they are\"): values are documents",
        ]);
    }

    [Fact]
    public async Task A_sink_that_waits_for_its_peer_says_so_and_is_held_to_it()
    {
        var waiting = new Waiting(SinkFault.WaitsForEver);
        await Should.ThrowAsync<SinkContractException>(() => waiting.CheckAsync(SinkPromise.DeliversWhenPeerIsBack));
        var failing = new Waiting(SinkFault.None);
        var error = await Should.ThrowAsync<SinkContractException>(
            () => failing.CheckAsync(SinkPromise.DeliversWhenPeerIsBack));
        error.Message.ShouldContain("expected: a delivery waits while the peer is away\ngot:      it failed with Sink");
    }

    protected internal override Task<Sinks.ISink> OpenAsync() =>
        Task.FromResult<Sinks.ISink>(new FaultySink(peer, fault));

    protected internal override Task<IReadOnlyList<SinkOutput>> DeliveredAsync(string destination) =>
        Task.FromResult(peer.Read(destination));

    protected internal override bool IsRefused(SinkOutput output) => output.Equals(FaultySink.TooLarge);

    protected internal override Task GoAwayAsync() => peer.LeaveAsync();

    protected internal override Task ComeBackAsync() => peer.ReturnAsync();

    private sealed class Bare : SinkContract
    {
        private readonly SinkPeer peer = new();

        protected internal override Task<Sinks.ISink> OpenAsync() =>
            Task.FromResult<Sinks.ISink>(new FaultySink(peer, SinkFault.None));

        protected internal override Task<IReadOnlyList<SinkOutput>> DeliveredAsync(string destination) =>
            Task.FromResult(peer.Read(destination));
    }

    private sealed class Idle(SinkFault fault) : SinkContract
    {
        private readonly SinkPeer peer = new();

        protected internal override SinkContractOptions Options { get; } = new()
        {
            DeliveryLimit = TimeSpan.FromMilliseconds(100),
            FailureLimit = TimeSpan.FromMilliseconds(100),
            RecoveryLimit = TimeSpan.FromSeconds(10),
            LargeValueBytes = 100_000,
        };

        protected internal override SinkOutput Undeliverable => FaultySink.TooLarge;

        protected internal override bool IsRefused(SinkOutput output) =>
            fault == SinkFault.RefusesAll || output.Equals(FaultySink.TooLarge);

        protected internal override Task<Sinks.ISink> OpenAsync() =>
            Task.FromResult<Sinks.ISink>(new FaultySink(peer, fault));

        protected internal override Task<IReadOnlyList<SinkOutput>> DeliveredAsync(string destination) =>
            Task.FromResult(peer.Read(destination));

        protected internal override Task GoAwayAsync() => peer.LeaveAsync();

        protected internal override Task ComeBackAsync() => peer.ReturnAsync();
    }

    /// <summary>Over a sink that takes documents alone: what begins with a brace.</summary>
    private sealed class Documents : SinkContract
    {
        private readonly SinkPeer peer = new();

        public List<string> Printed { get; } = [];

        protected internal override SinkOutput Undeliverable => new(null, "no document"u8.ToArray());

        protected internal override byte[] Value(string text) => base.Value($"{{\"text\":\"{text}\"}}");

        protected internal override bool IsRefused(SinkOutput output) => output.Value is not [(byte)'{', ..];

        protected internal override string? LeftOut(SinkPromise promise) =>
            promise == SinkPromise.AnyBytesArrive ? "values are documents" : null;

        protected internal override Task<Sinks.ISink> OpenAsync() =>
            Task.FromResult<Sinks.ISink>(new FaultySink(peer, SinkFault.TakesDocumentsOnly));

        protected internal override Task<IReadOnlyList<SinkOutput>> DeliveredAsync(string destination) =>
            Task.FromResult(peer.Read(destination));

        protected internal override Task GoAwayAsync() => peer.LeaveAsync();

        protected internal override Task ComeBackAsync() => peer.ReturnAsync();

        protected override void Print(string line) => Printed.Add(line);
    }

    private sealed class Waiting(SinkFault fault) : SinkContract
    {
        private readonly SinkPeer peer = new();

        protected internal override SinkContractOptions Options { get; } = new()
        {
            WaitsForPeer = true,
            RecoveryLimit = TimeSpan.FromSeconds(1),
        };

        protected internal override Task<Sinks.ISink> OpenAsync() =>
            Task.FromResult<Sinks.ISink>(new FaultySink(peer, fault));

        protected internal override Task<IReadOnlyList<SinkOutput>> DeliveredAsync(string destination) =>
            Task.FromResult(peer.Read(destination));

        protected internal override Task GoAwayAsync() => peer.LeaveAsync();

        protected internal override Task ComeBackAsync() => peer.ReturnAsync();
    }
}
