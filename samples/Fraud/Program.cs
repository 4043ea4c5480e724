using Fraud;
using StreamActors.Hosting;
using StreamActors.Kafka;

var builder = WebApplication.CreateBuilder(args);
builder.AddStreamActors().AddKafka().AddPipeline("fraud", FraudRule.Define);

var app = builder.Build();
app.MapStreamActors();
return await app.RunStreamActorsAsync(args);
