using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace StreamActors.Hosting;

/// <summary>Starts a host with a node.</summary>
internal static class HostStart
{
    /// <summary>Starts it. What ends the start comes out, and is not logged by the host as well.</summary>
    /// <param name="host">The host.</param>
    /// <param name="listening">How it says where it listens.</param>
    /// <exception cref="PipelineException">It cannot be started, for a reason that the user can mend.</exception>
    public static async Task StartAsync(IHost host, ListenSettings listening)
    {
        var quiet = host.Services.GetRequiredService<QuietStart>();
        quiet.Turn(on: true);
        try
        {
            await host.StartAsync();
        }
        catch (Exception error) when (ListenFailure.Explain(error, listening) is not null)
        {
            // No pipeline has joined. Services that had started end in order; that they do not in time is the lesser
            // news.
            await host.StopAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw new PipelineException(ListenFailure.Explain(error, listening)!, error);
        }
        finally
        {
            quiet.Turn(on: false);
        }
    }
}
