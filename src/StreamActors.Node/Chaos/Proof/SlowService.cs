namespace StreamActors.Node.Chaos;

/// <summary>
/// A service that takes a while, and fails the first attempts for some records, so that there are parked records
/// whenever something happens: one in fifty waits for up to five retries, 6 s in all.
/// </summary>
internal sealed class SlowService(TimeProvider time) : IAsyncMap<Effect, Effect>
{
    private const int FailingOneIn = 50;
    private const int MostFailures = 5;

    /// <summary>How long after its first attempt a record has certainly been called with success.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(8);

    /// <summary>How it is called: again and again, since it always answers in the end.</summary>
    public static MapAsyncOptions Options { get; } = new()
    {
        Retry = Retry.On<HttpRequestException>(attempts: 1_000, first: TimeSpan.FromMilliseconds(200)) with
        {
            Longest = TimeSpan.FromSeconds(5),
        },
    };

    /// <inheritdoc/>
    public async ValueTask<Effect?> MapAsync(Effect value, Call call, CancellationToken stop)
    {
        // Drawn from the record, so that whoever asks for it again meets the same service.
        var chance = new Random(ChainState.Next(ChainState.FoldOf(value.Key), value.Sequence).GetHashCode());
        await Task.Delay(TimeSpan.FromMilliseconds(chance.Next(2, 15)), time, stop);
        if (chance.Next(FailingOneIn) == 0 && call.Attempt <= chance.Next(1, MostFailures + 1))
        {
            throw new HttpRequestException("the service is busy");
        }

        return value;
    }
}
