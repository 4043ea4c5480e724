using StreamActors.Sinks;

namespace StreamActors.Tests.Fixtures;

/// <summary>Delivers as the engine does.</summary>
internal static class SinkDelivery
{
    /// <summary>Delivers a batch again until it is taken.</summary>
    /// <returns>How often that failed.</returns>
    public static async Task<int> DeliverAtLastAsync(this ISink sink, OutputBatch batch)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                await sink.DeliverAsync(batch, CancellationToken.None);
                return failures;
            }
            catch (SinkException)
            {
                await Task.Delay(20);
            }
        }
    }
}
