using StreamActors.Hosting;
using StreamActors.Kafka;
using WordCount;

var builder = WebApplication.CreateBuilder(args);
builder.AddStreamActors().AddKafka().AddPipeline("word-count", Counter.Define);

var app = builder.Build();
app.MapStreamActors();
return await app.RunStreamActorsAsync(args);
