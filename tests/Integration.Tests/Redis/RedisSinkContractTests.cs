using StreamActors.Redis;
using StreamActors.Sinks;
using StreamActors.Testing;
using StreamActors.Tests.Fixtures;
using StreamActors.Tests.RideShare;

namespace StreamActors.Tests.RedisTests;

/// <summary>The sink, and its readers: who listens while it is published.</summary>
public abstract class RedisContract : SinkContract
{
    private readonly Dictionary<string, Subscriber> subscribers = [];

    protected RealRedis? Redis { get; set; }

    protected override SinkContractOptions Options { get; } = new()
    {
        FailureLimit = TimeSpan.FromSeconds(10),
        RecoveryLimit = TimeSpan.FromSeconds(20),
        LargeValueBytes = 5_000_000,
    };

    protected override Task<ISink> OpenAsync() =>
        Task.FromResult<ISink>(new RedisSink(SinkBench.Options(Redis!) with { Port = Port }, TimeProvider.System));

    protected override async Task<string> MakeDestinationAsync(string name)
    {
        subscribers[name] = await Subscriber.StartAsync(Redis!.Port, name);
        return name;
    }

    protected override Task<IReadOnlyList<SinkOutput>> DeliveredAsync(string destination) =>
        Task.FromResult<IReadOnlyList<SinkOutput>>(
            [.. subscribers[destination].Heard.Where(heard => heard.Channel == destination)
                .Select(static heard => new SinkOutput(null, heard.Message))]);

    /// <summary>Neither keys nor headers are published; a tombstone is an empty message.</summary>
    protected override SinkOutput Seen(SinkOutput output) => new(null, output.Value ?? []);

    protected virtual int Port => Redis!.Port;

    protected void StopListening() => subscribers.Values.ToList().ForEach(static each => each.Dispose());
}

/// <summary>
/// On a real server. It keeps nothing for who does not listen, so the outage is the sink's alone: a cut wire, while the
/// subscribers' own connections stay.
/// </summary>
public sealed class RedisSinkContractTests : RedisContract, IAsyncLifetime
{
    private Relay? wire;

    protected override int Port => wire!.Port;

    [RedisTheory]
    [MemberData(nameof(Promises))]
    [MemberData(nameof(OutagePromises))]
    public Task It_keeps(SinkPromise promise) => CheckAsync(promise);

    public async Task InitializeAsync()
    {
        Redis = await RealRedis.SharedAsync();
        wire = new Relay(Redis.Port);
    }

    public Task DisposeAsync()
    {
        StopListening();
        wire!.Dispose();
        return Task.CompletedTask;
    }

    protected override Task GoAwayAsync()
    {
        wire!.Cut();
        return Task.CompletedTask;
    }

    protected override Task ComeBackAsync()
    {
        wire!.Mend();
        return Task.CompletedTask;
    }
}

/// <summary>On a server that is there and does not answer.</summary>
public sealed class FrozenRedisSinkContractTests : RedisContract, IAsyncLifetime
{
    [RedisTheory]
    [MemberData(nameof(OutagePromises))]
    public Task It_keeps(SinkPromise promise) => CheckAsync(promise);

    public async Task InitializeAsync() => Redis = await RealRedis.StartAsync();

    public async Task DisposeAsync()
    {
        StopListening();
        await Redis!.DisposeAsync();
    }

    protected override Task GoAwayAsync() => Redis!.FreezeAsync();

    protected override Task ComeBackAsync() => Redis!.ThawAsync();
}
