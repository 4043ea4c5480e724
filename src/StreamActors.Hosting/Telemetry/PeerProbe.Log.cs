using Microsoft.Extensions.Logging;

namespace StreamActors.Hosting;

/// <content>The texts.</content>
internal sealed partial class PeerProbe
{
    [LoggerMessage(1100, LogLevel.Error,
        "Asking whether {Peer} answers failed: it counts as away, and is asked again every two seconds")]
    private partial void QuestionFailed(Exception error, string peer);

    [LoggerMessage(1120, LogLevel.Warning,
        "No answer from {Peer}: it is asked again every two seconds, and what needs it waits")]
    private partial void Away(string peer);

    [LoggerMessage(1121, LogLevel.Information, "{Peer} answers again")]
    private partial void Back(string peer);
}
