using Microsoft.Extensions.Logging;

namespace StreamActors.Hosting;

/// <content>The texts.</content>
internal sealed partial class OtlpExport
{
    [LoggerMessage(1101, LogLevel.Warning,
        "Metrics do not reach {Endpoint}, trying again every {Seconds} s; records are not affected: {Why}")]
    private partial void Trouble(Exception? defect, string endpoint, double seconds, string why);

    [LoggerMessage(1102, LogLevel.Information, "Metrics reach {Endpoint} again after {Seconds} s")]
    private partial void Recovered(string endpoint, double seconds);
}
