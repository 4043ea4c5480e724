namespace StreamActors.Packages.Tests;

/// <summary>The packages as a release makes them, in a folder outside the repository.</summary>
public sealed class PackedFixture : IAsyncLifetime
{
    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "StreamActors.Core", "StreamActors.Kafka", "StreamActors.Redis", "StreamActors.Hosting", "StreamActors.Testing",
    ];

    /// <summary>A version that no cache knows.</summary>
    public string Version { get; } = $"0.1.0-test.{DateTime.UtcNow.Ticks}";

    /// <summary>A folder of the test's own.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("streamactors-").FullName;

    /// <summary>The folder with the packages.</summary>
    public string Feed => Path.Combine(Folder, "feed");

    private static string Configuration => AppContext.BaseDirectory.Contains(
        $"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
        ? "Release"
        : "Debug";

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        string[] projects = [.. Names.Select(static name => $"src/{name}/{name}.csproj")];
        foreach (var project in projects)
        {
            await PackAsync(project, "--no-build");
        }

        await PackAsync("templates/StreamActors.Templates.csproj");
    }

    /// <inheritdoc/>
    public Task DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        foreach (var name in Names)
        {
            var cached = new DirectoryInfo(Path.Combine(cache, name.ToLowerInvariant(), Version));
            if (cached.Exists)
            {
                cached.Delete(recursive: true);
            }
        }

        return Task.CompletedTask;
    }

    private Task PackAsync(string project, params string[] options) => Shell.DotnetAsync(
        Repository.Root,
        ["pack", project, "-c", Configuration, "-o", Feed, $"-p:Version={Version}", "-v", "quiet", .. options]);
}
