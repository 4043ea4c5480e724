using System.Net;
using System.Net.Http.Json;
using Enrichment;
using Microsoft.Extensions.DependencyInjection;

namespace Samples.Tests;

public sealed class EnrichmentTests : IDisposable
{
    private readonly FakeService service = new();

    [Fact]
    public void A_sighting_is_located()
    {
        using var test = Test();
        test.Send("sightings", "car", new Sighting("AB-1", 52.4, 4.9));
        test.Expect("located", new Located("AB-1", "Amsterdam", "NL"));
        service.Asked.ShouldHaveSingleItem().ShouldBe("/place?at=52.4,4.9 sightings/0/0");
    }

    [Fact]
    public void A_busy_service_is_asked_again_for_the_same_key_and_the_others_go_on()
    {
        using var test = Test();
        service.Answers["52.4"] = new([HttpStatusCode.ServiceUnavailable, HttpStatusCode.TooManyRequests]);
        test.Send("sightings", "one", new Sighting("AB-1", 52.4, 4.9));
        test.Send("sightings", "one", new Sighting("AB-2", 53, 4.9));
        test.Send("sightings", "two", new Sighting("CD-1", 53, 4.9));
        test.Read<Located>("located").Select(static located => located.Plate).ShouldBe(["CD-1"]);
        test.Advance(TimeSpan.FromSeconds(10));
        test.Read<Located>("located").Select(static located => located.Plate).ShouldBe(["AB-1", "AB-2"]);
        service.Asked.Count(static asked => asked.EndsWith(" sightings/0/0", StringComparison.Ordinal)).ShouldBe(3);
    }

    [Fact]
    public void What_the_service_refuses_is_a_dead_letter_at_once_and_what_it_does_not_know_is_left_out()
    {
        using var test = Test().AllowFailures();
        service.Answers["91"] = new([HttpStatusCode.BadRequest]);
        service.Answers["0"] = new([HttpStatusCode.NotFound]);
        test.Send("sightings", "car", new Sighting("AB-1", 91, 0));
        test.Send("sightings", "car", new Sighting("AB-2", 0, 0));
        test.Expect<Located>("located");
        var letter = test.DeadLetters.ShouldHaveSingleItem();
        (letter.ErrorType, letter.Attempts).ShouldBe(("HttpRequestException", 1));
    }

    [Fact]
    public void A_service_that_stays_away_costs_a_dead_letter_after_five_attempts()
    {
        using var test = Test().AllowFailures();
        service.Answers["52.4"] = new(Enumerable.Repeat(HttpStatusCode.BadGateway, 5));
        test.Send("sightings", "car", new Sighting("AB-1", 52.4, 4.9));
        test.Advance(TimeSpan.FromMinutes(1));
        test.DeadLetters.ShouldHaveSingleItem().Attempts.ShouldBe(5);
    }

    public void Dispose() => service.Dispose();

    private PipelineTest Test() => PipelineTest.Of(GeoLookup.Define, services => services
        .AddHttpClient<GeoLookup>(static client => client.BaseAddress = new Uri("http://geo"))
        .ConfigurePrimaryHttpMessageHandler(() => service));

    /// <summary>Answers as it was told, by the latitude that is asked for; then that it is Amsterdam.</summary>
    private sealed class FakeService : HttpMessageHandler
    {
        public Dictionary<string, Queue<HttpStatusCode>> Answers { get; } = [];

        public List<string> Asked { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop)
        {
            var path = request.RequestUri!.PathAndQuery;
            Asked.Add($"{path} {request.Headers.GetValues("Idempotency-Key").Single()}");
            var latitude = path.Split('=', ',')[1];
            var status = Answers.TryGetValue(latitude, out var answers) && answers.TryDequeue(out var answer)
                ? answer
                : HttpStatusCode.OK;
            return Task.FromResult(new HttpResponseMessage(status)
            {
                Content = JsonContent.Create(new Place("Amsterdam", "NL")),
            });
        }
    }
}
