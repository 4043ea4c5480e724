using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Node.Chaos;
using StreamActors.Redis;

namespace StreamActors.Node.Commands;

/// <summary>
/// <c>streamactors chaos node</c>: a process of the run, composed and configured as a user's own program would be.
/// </summary>
internal static class ChaosNodeCommand
{
    /// <summary>Makes the command; people have no use for it.</summary>
    public static Command Make()
    {
        var command = new Command("node", "Run the proof pipeline, as the configuration says.") { Hidden = true };
        command.SetAction(static (_, _) => RunAsync());
        return command;
    }

    private static async Task<int> RunAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton(new Owners(builder.Configuration["Chaos:Node"] ?? "node"));
        builder.AddStreamActors().AddKafka().AddRedis().AddPipeline(ProofPipeline.Name, ProofPipeline.Define);
        var app = builder.Build();
        app.MapStreamActors();
        return await app.RunStreamActorsAsync([]);
    }
}
