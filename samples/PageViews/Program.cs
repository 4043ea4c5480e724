using PageViews;
using StreamActors.Hosting;
using StreamActors.Kafka;

var builder = WebApplication.CreateBuilder(args);
builder.AddStreamActors().AddKafka().AddPipeline("page-views", Visits.Define);

var app = builder.Build();
app.MapStreamActors();
return await app.RunStreamActorsAsync(args);
