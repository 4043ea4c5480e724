using System.Diagnostics;
using StreamActors.Node.Cli;

namespace StreamActors.Node.Chaos;

/// <summary>A build of this program, which node processes are started from.</summary>
/// <param name="Prefix">How the names of its nodes begin.</param>
/// <param name="Version">Its version.</param>
/// <param name="Command">Starts a node of it.</param>
internal sealed record NodeBuild(string Prefix, string Version, IReadOnlyList<string> Command)
{
    private const string Assembly = "streamactors.dll";

    private static readonly string[] Arguments = ["chaos", "node"];

    /// <summary>The build that runs here.</summary>
    public static NodeBuild This { get; } = new("node", ThisAssembly.Version, OwnProgram.Command(Arguments));

    /// <summary>The previous one.</summary>
    /// <exception cref="UserErrorException">The folder has none.</exception>
    public static NodeBuild PreviousIn(DirectoryInfo folder)
    {
        var program = Path.Combine(folder.FullName, Assembly);
        return File.Exists(program)
            ? new NodeBuild(
                "node-before",
                FileVersionInfo.GetVersionInfo(program).ProductVersion ?? "of unknown version",
                OwnProgram.CommandOf(program, Arguments))
            : throw new UserErrorException(
                $"{folder} has no {Assembly}. Name a folder with the previous build of this program (--previous "
                + "FOLDER); eng/previous.sh of the repository makes one.");
    }
}
