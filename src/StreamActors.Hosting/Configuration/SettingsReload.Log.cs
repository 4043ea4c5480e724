using Microsoft.Extensions.Logging;

namespace StreamActors.Hosting;

/// <content>The texts.</content>
internal sealed partial class SettingsReload
{
    [LoggerMessage(1130, LogLevel.Information,
        "{Pipeline}: reads at most {Now} records a second from now on, before {Before}; 0 is no bound")]
    private partial void Rate(string pipeline, int before, int now);

    [LoggerMessage(1133, LogLevel.Information, "Settings that were given: {Settings}")]
    private partial void Given(string settings);

    [LoggerMessage(1134, LogLevel.Warning,
        "No pipeline was added: this node has nothing to do. Add one with AddStreamActors().AddPipeline(name, define)")]
    private partial void NoPipeline();

    [LoggerMessage(1131, LogLevel.Warning,
        "{Name} is \"{After}\" now: that needs a restart, until then \"{Before}\" holds")]
    private partial void NeedsRestart(string name, string before, string after);

    [LoggerMessage(1132, LogLevel.Error, "The configuration has changed, and nothing of it is applied: {Mistake}")]
    private partial void Refused(string mistake);
}
