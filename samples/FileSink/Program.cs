using Archiving;
using StreamActors.Hosting;
using StreamActors.Kafka;

var builder = WebApplication.CreateBuilder(args);
var folder = builder.Configuration["Archive:Folder"] ?? "archive";
Directory.CreateDirectory(folder);
builder.AddStreamActors()
    .AddKafka()
    .AddSink(Files.Connector, _ => new FileSink(folder))
    .AddPipeline("archive", Archive.Define);

var app = builder.Build();
app.MapStreamActors();
await app.RunAsync();
