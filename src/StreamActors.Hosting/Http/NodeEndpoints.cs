using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace StreamActors.Hosting;

/// <summary>The pages of a node.</summary>
public static class NodeEndpoints
{
    /// <summary>
    /// Maps <c>/health</c> (503 when unhealthy), <c>/health/live</c>, <c>/health/ready</c>, <c>/stalls</c> (the
    /// partitions that make no progress, and why; an empty list when all is well) and <c>/metrics</c>: JSON, or
    /// Prometheus text where the client asks for <c>text/plain</c> or OpenMetrics, or comes by the metrics port, or
    /// where no pipeline brings a JSON page of its own.
    /// </summary>
    /// <param name="routes">The application.</param>
    /// <param name="metricsPort">The port on which <c>/metrics</c> is always Prometheus text; null = none.</param>
    public static IEndpointRouteBuilder MapStreamActors(this IEndpointRouteBuilder routes, int? metricsPort = null)
    {
        routes.MapGet("/health", (NodeHealth health) =>
        {
            var page = health.Page();
            var status = (string)page["status"] == "unhealthy" ? 503 : 200;
            return Results.Json(page, HealthJson.Default.DictionaryStringObject, statusCode: status);
        });
        routes.MapGet("/health/live", static (NodeHealth health) => Answer(health.IsLive, "live", "stopped"));
        routes.MapGet("/health/ready", static (NodeHealth health) => Answer(health.IsReady, "ready", "not ready"));
        routes.MapGet("/stalls", static (Node node) => Results.Json(
            StallPage.Of(node), StallJson.Default.StallPageArray));
        routes.MapGet("/metrics", (HttpContext http) => Metrics(http, metricsPort));
        return routes;
    }

    private static IResult Answer(bool isTrue, string yes, string no) => Results.Json(
        new Dictionary<string, object> { ["status"] = isTrue ? yes : no },
        HealthJson.Default.DictionaryStringObject,
        statusCode: isTrue ? 200 : 503);

    private static IResult Metrics(HttpContext http, int? metricsPort)
    {
        var services = http.RequestServices;
        var pages = services.GetServices<IMetricPage>().ToList();
        return http.Connection.LocalPort == metricsPort || AsksForText(http.Request) || pages.Count == 0
            ? Results.Text(
                PrometheusText.Write(services.GetServices<IMetricSource>().SelectMany(static each => each.Collect())),
                PrometheusText.ContentType)
            : Results.Bytes(Json(pages), "application/json");
    }

    private static bool AsksForText(HttpRequest request)
    {
        var accept = request.Headers.Accept.ToString();
        return accept.Contains("text/plain", StringComparison.OrdinalIgnoreCase)
            || accept.Contains("openmetrics", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The page of the only pipeline that brings one, or one object a pipeline.</summary>
    private static byte[] Json(List<IMetricPage> pages)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (pages.Count == 1)
            {
                pages[0].Write(json);
            }
            else
            {
                foreach (var page in pages)
                {
                    json.WriteStartObject(page.Pipeline);
                    page.Write(json);
                    json.WriteEndObject();
                }
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}

/// <summary>A pipeline's own JSON form of <c>/metrics</c>.</summary>
public interface IMetricPage
{
    /// <summary>The pipeline's name.</summary>
    string Pipeline { get; }

    /// <summary>Writes the page's properties into an object that the caller starts and ends.</summary>
    void Write(Utf8JsonWriter json);
}
