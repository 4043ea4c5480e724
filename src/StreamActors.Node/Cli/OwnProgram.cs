namespace StreamActors.Node.Cli;

/// <summary>How this program starts itself and others.</summary>
internal static class OwnProgram
{
    private static bool IsHosted => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet";

    /// <summary>The command that runs it with these arguments.</summary>
    public static IReadOnlyList<string> Command(params string[] arguments) => IsHosted
        ? CommandOf(typeof(OwnProgram).Assembly.Location, arguments)
        : [Environment.ProcessPath!, .. arguments];

    /// <summary>The command that runs another build of it.</summary>
    /// <param name="assembly">Its <c>streamactors.dll</c>.</param>
    /// <param name="arguments">What follows.</param>
    public static IReadOnlyList<string> CommandOf(string assembly, params IEnumerable<string> arguments) =>
        [IsHosted ? Environment.ProcessPath! : "dotnet", assembly, .. arguments];

    /// <summary>Whether a command is on the PATH.</summary>
    public static bool Has(string command) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Any(folder => File.Exists(Path.Combine(folder, command)));

    /// <summary>Requires a command on the PATH.</summary>
    /// <exception cref="UserErrorException">It is not there.</exception>
    public static void Require(string command, string remedy)
    {
        if (!Has(command))
        {
            throw new UserErrorException($"This needs {command}, which is not on the PATH: {remedy}.");
        }
    }
}
