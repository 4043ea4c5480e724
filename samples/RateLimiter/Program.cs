using RateLimiter;
using StreamActors.Hosting;
using StreamActors.Kafka;

var builder = WebApplication.CreateBuilder(args);
builder.Services.Configure<Rate>(builder.Configuration.GetSection("Rate"));
builder.AddStreamActors().AddKafka().AddPipeline("rate-limiter", Limiter.Define);

var app = builder.Build();
app.MapStreamActors();
return await app.RunStreamActorsAsync(args);
