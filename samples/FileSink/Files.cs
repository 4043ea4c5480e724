using StreamActors;
using StreamActors.Sinks;

namespace Archiving;

/// <summary>What pipelines say to append lines to files.</summary>
public static class Files
{
    /// <summary>The name of the connector: of its sink, and of the targets made here.</summary>
    public const string Connector = "files";

    /// <summary>Appends each value as a line to a file of its own; the codec must write no line break.</summary>
    public static Target<T> Lines<T>(Func<T, string> file, ICodec<T> codec)
        where T : allows ref struct => new(Connector, file, codec);

    /// <summary>Appends all values as lines to one file.</summary>
    public static Target<T> Lines<T>(string file, ICodec<T> codec)
        where T : allows ref struct => Lines(_ => file, codec);
}
