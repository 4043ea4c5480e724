using Microsoft.Extensions.Logging;

namespace StreamActors.Hosting;

/// <content>The texts.</content>
public sealed partial class ReferenceFile<T>
{
    [LoggerMessage(1140, LogLevel.Information, "{Path} has changed, and was read again")]
    private partial void Reloaded(string path);

    [LoggerMessage(1141, LogLevel.Error, "{Path} cannot be read as it is now; the version before stays")]
    private partial void Refused(Exception error, string path);
}
