using System.Net;
using StreamActors;
using StreamActors.Kafka;

namespace Enrichment;

public sealed record Sighting(string Plate, double Latitude, double Longitude);

public sealed record Place(string City, string Country);

public sealed record Located(string Plate, string City, string Country);

/// <summary>
/// Asks a service over HTTP where a sighting was: up to 256 calls at once, those of a key one after the other. A
/// service that is busy or away is asked again, five times in all, then the record is a dead letter; one that answers
/// 400 to it will not like it better the next time, and it is a dead letter at once.
/// </summary>
public sealed class GeoLookup(HttpClient http) : IAsyncMap<Sighting, Located>
{
    public static void Define(PipelineBuilder pipeline) => pipeline
        .From("sightings", Json.Of<Sighting>())
        .CreateTopic(partitions: 4)
        .MapAsync<GeoLookup, Located>(new()
        {
            MaxInFlight = 256,
            Timeout = TimeSpan.FromSeconds(2),
            Retry = Retry.On<HttpRequestException>(attempts: 5, first: TimeSpan.FromMilliseconds(500), IsPassing),
        })
        .To(Kafka.Topic("located", Json.Of<Located>()).CreateTopic(partitions: 4))
        .DeadLetters("sightings.dlq");

    public async ValueTask<Located?> MapAsync(Sighting sighting, Call call, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, FormattableString.Invariant($"/place?at={sighting.Latitude},{sighting.Longitude}"));
        request.Headers.Add("Idempotency-Key", call.IdempotencyKey);    // the same at each attempt
        using var response = await http.SendAsync(request, stop);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;    // nowhere: nothing is emitted
        }

        response.EnsureSuccessStatusCode();
        var place = await response.Content.ReadFromJsonAsync<Place>(stop);
        return new Located(sighting.Plate, place!.City, place.Country);
    }

    private static bool IsPassing(HttpRequestException error) =>
        error.StatusCode is null or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError;
}
