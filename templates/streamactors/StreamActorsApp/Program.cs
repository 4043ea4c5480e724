using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActorsApp;

var builder = WebApplication.CreateBuilder(args);
builder.AddStreamActors()
    .AddKafka()                                        // StreamActors:Kafka in appsettings.json
    .AddPipeline("pipeline-name", Visits.Define);

var app = builder.Build();
app.MapStreamActors();                                 // /health, /health/live, /health/ready, /metrics
return await app.RunStreamActorsAsync(args);
