using Microsoft.Extensions.Logging;

namespace StreamActors.Hosting;

/// <content>The texts.</content>
public sealed partial class PeerProbe
{
    [LoggerMessage(1100, LogLevel.Error,
        "Asking whether {Peer} answers failed: it counts as away, and is asked again every two seconds")]
    private partial void QuestionFailed(Exception error, string peer);
}
