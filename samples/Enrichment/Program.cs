using Enrichment;
using StreamActors.Hosting;
using StreamActors.Kafka;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddHttpClient<GeoLookup>(
    client => client.BaseAddress = new Uri(builder.Configuration["Geo:Url"] ?? "http://localhost:8081"));
builder.AddStreamActors().AddKafka().AddPipeline("enrichment", GeoLookup.Define);

var app = builder.Build();
app.MapStreamActors();
return await app.RunStreamActorsAsync(args);
