using Ordering;
using StreamActors.Hosting;
using StreamActors.Kafka;

var builder = WebApplication.CreateBuilder(args);
builder.AddStreamActors().AddKafka().AddPipeline("large-orders", LargeOrders.Define);

var app = builder.Build();
app.MapStreamActors();
await app.RunAsync();
