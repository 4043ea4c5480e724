using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace StreamActors.Hosting;

/// <summary>
/// The node among the host's health checks: unhealthy when a pipeline has stopped for good or the node drains, degraded
/// when a peer is away or takes nothing, all calls of a step fail, or a pipeline waits for its partitions, else
/// healthy.
/// </summary>
internal sealed class NodeHealthCheck(NodeHealth health) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var page = health.Page();
        var message = (string)page["message"];
        return Task.FromResult(
            health.IsStopping ? HealthCheckResult.Unhealthy("The node drains", data: page)
            : health.HasStopped ? HealthCheckResult.Unhealthy(message, data: page)
            : (string)page["status"] != "healthy" ? HealthCheckResult.Degraded(message, data: page)
            : health.Waiting is { Count: > 0 } waiting
                ? HealthCheckResult.Degraded($"Without partitions yet: {string.Join(", ", waiting)}", data: page)
            : HealthCheckResult.Healthy(message, page));
    }
}
