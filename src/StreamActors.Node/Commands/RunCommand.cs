using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StreamActors.Hosting;
using NodeHost = StreamActors.Hosting.Node;

namespace StreamActors.Node.Commands;

/// <summary><c>streamactors run PIPELINE…</c>: runs pipelines until it is told to stop.</summary>
internal static class RunCommand
{
    private static readonly Argument<string[]> PipelineNames = new("pipeline")
    {
        Description = $"What to run: {string.Join(", ", PipelineCatalog.Names)}.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<bool> PrintConfig = new("--print-config")
    {
        Description = "Show every setting, its value, where it came from and what is ignored and why; then exit.",
    };

    /// <summary>Makes the command.</summary>
    public static Command Make(CancellationToken stop)
    {
        var command = new Command("run", "Run pipelines until SIGTERM or Ctrl-C; then drain, commit, leave the group.")
        {
            PipelineNames,
            PrintConfig,
        };
        command.SetAction(async (parsed, _) => await RunAsync(
            parsed.GetRequiredValue(PipelineNames), parsed.GetValue(PrintConfig), stop));
        return command;
    }

    private static async Task<int> RunAsync(string[] names, bool printConfig, CancellationToken stop)
    {
        var reader = EnvironmentSettings.Reader();
        var pipelines = PipelineCatalog.Read(names, reader);
        var settings = NodeSettings.Read(reader);
        if (printConfig)
        {
            Console.Out.Write(ConfigPage.Write(reader.Settings));
        }

        UserErrorException.ThrowIfAny(reader.Mistakes);
        await using var app = NodeApp.Build(settings, pipelines, logging => NodeApp.LogLines(logging, settings));
        if (printConfig)
        {
            var composition = app.Services.GetRequiredService<Composition>();
            Console.Out.Write(composition.Page());
            composition.ThrowIfAnyMistake();
            return 0;
        }

        var log = new RunLog(app.Services.GetRequiredService<ILoggerFactory>());
        log.Starting(names, reader.Settings);
        await NodeApp.StartAsync(app, settings, stop);
        log.Listening(settings);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop)
            .ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        var cut = await NodeApp.StopAsync(app);
        log.Totals(app.Services.GetRequiredService<NodeHost>());
        if (cut is null)
        {
            return 0;
        }

        log.Cut(cut);
        return 1;
    }
}
