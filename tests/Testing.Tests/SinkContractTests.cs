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
    public Task A_sink_that_is_right_passes(string promise) => CheckAsync(promise);

    [Theory]
    [InlineData(SinkFault.LosesTheLast, "A batch arrives whole and in order")]
    [InlineData(SinkFault.Reverses, "A batch arrives whole and in order")]
    [InlineData(SinkFault.ThrowsWhenEmpty, "An empty batch completes, and nothing arrives")]
    [InlineData(SinkFault.ReadsTheBatchLater, "A batch may be used again as soon as its delivery has completed")]
    [InlineData(SinkFault.AddsInFront, "Many batches, one after the other, arrive in their order")]
    [InlineData(SinkFault.SharesOneBuffer, "Shards deliver side by side, and the outputs of each stay in order")]
    [InlineData(SinkFault.KnowsOneDestination, "The outputs of a batch go each to its destination")]
    [InlineData(SinkFault.LosesTombstones, "Keys, headers, tombstones and outputs without a key arrive")]
    [InlineData(SinkFault.LosesHeaders, "Keys, headers, tombstones and outputs without a key arrive")]
    [InlineData(SinkFault.TakesValuesForText, "Any bytes arrive as they are")]
    [InlineData(SinkFault.CutsLargeValues, "Large values arrive whole")]
    [InlineData(SinkFault.HangsWhenStopped, "A delivery whose stop has fired ends soon")]
    [InlineData(SinkFault.SaysItIsAway, "The peer is reachable while it answers")]
    [InlineData(SinkFault.Buffers, "What was acknowledged is there, though the sink is disposed at once")]
    [InlineData(SinkFault.ForgetsDeliveriesAtItsEnd, "Disposing ends the deliveries that are under way")]
    [InlineData(SinkFault.ThrowsWhenDisposedAgain, "Disposing twice is harmless")]
    [InlineData(
        SinkFault.AcknowledgesWhileAway,
        "What could not be delivered while the peer was away is delivered when it is back")]
    [InlineData(
        SinkFault.FailsWithItsOwnError,
        "What could not be delivered while the peer was away is delivered when it is back")]
    [InlineData(
        SinkFault.WaitsForEver, "What could not be delivered while the peer was away is delivered when it is back")]
    [InlineData(
        SinkFault.AcknowledgesWhileAway, "Shards that deliver through an outage lose nothing and keep their order")]
    [InlineData(SinkFault.StaysAway, "A sink that is opened while the peer is away works when it is back")]
    [InlineData(
        SinkFault.WaitsForEver,
        "A delivery that is told to stop while the peer is away ends soon, and leaves its batch alone")]
    [InlineData(
        SinkFault.WaitsForEver, "Disposing ends the deliveries that are under way while the peer is away")]
    [InlineData(
        SinkFault.SaysItIsThere, "The peer is not reachable while it is away, and reachable when it is back")]
    [InlineData(
        SinkFault.ThrowsWhenAsked, "The peer is not reachable while it is away, and reachable when it is back")]
    [InlineData(
        SinkFault.ThrowsWhatItCannotTake, "What can never be delivered is refused, and the others of its batch arrive")]
    [InlineData(SinkFault.RefusesOnce, "An output that is refused is refused by each attempt")]
    public async Task A_sink_that_is_wrong_fails_by_the_promise_that_it_breaks(SinkFault wrong, string promise)
    {
        fault = wrong;
        var broken = await Should.ThrowAsync<SinkContractException>(() => CheckAsync(promise));
        broken.Message.ShouldStartWith($"memory breaks a promise: {promise}.\nexpected: ");
        broken.Message.ShouldContain("\ngot:      ");
    }

    [Fact]
    public void Each_promise_is_broken_by_some_wrong_sink_above()
    {
        var broken = typeof(SinkContractTests)
            .GetMethod(nameof(A_sink_that_is_wrong_fails_by_the_promise_that_it_breaks))!
            .GetCustomAttributes<InlineDataAttribute>()
            .Select(static each => (string)each.GetData(null!).Single()[1]);
        All.Select(static each => (string)each[0]).Except(broken).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(OutagePromises))]
    [MemberData(nameof(RefusalPromises))]
    public async Task A_promise_whose_hook_is_missing_fails_and_names_the_hook(string promise)
    {
        var error = await Should.ThrowAsync<SinkContractException>(() => new Bare().CheckAsync(promise));
        error.Message.ShouldMatch("Bare runs (OutagePromises|RefusalPromises), which need (GoAwayAsync|Undeliverable)");
    }

    [Fact]
    public Task A_promise_that_there_is_not_is_an_error() =>
        Should.ThrowAsync<ArgumentException>(() => CheckAsync("It never rains"));

    [Fact]
    public async Task A_sink_that_waits_for_its_peer_says_so_and_is_held_to_it()
    {
        var waiting = new Waiting(SinkFault.WaitsForEver);
        await Should.ThrowAsync<SinkContractException>(() => waiting.CheckAsync((string)OutagePromises.First()[0]));
        var failing = new Waiting(SinkFault.None);
        var error = await Should.ThrowAsync<SinkContractException>(
            () => failing.CheckAsync((string)OutagePromises.First()[0]));
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
