using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace StreamActors.Tidy.Tests;

/// <summary>A file of the tree; its path is relative to the root, with slashes.</summary>
public sealed class SourceFile(string path, Func<string> read)
{
    private readonly Lazy<string> text = new(read);
    private SyntaxNode? syntax;

    public string Path { get; } = path;

    public string Text => text.Value;

    public string[] Lines => Text.Split('\n');

    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>The C# of it.</summary>
    public SyntaxNode Syntax => syntax ??= CSharpSyntaxTree.ParseText(Text, path: Path).GetRoot();

    public IEnumerable<T> Nodes<T>()
        where T : SyntaxNode => Syntax.DescendantNodes().OfType<T>();
}

/// <summary>What the laws read: the repository, or a few files made up to prove that a law can fail.</summary>
public sealed class Tree(IReadOnlyList<SourceFile> files)
{
    private static readonly HashSet<string> NotOurs =
    [
        "artifacts", "bin", "obj", ".git", ".packages", ".cache", ".vs", ".idea",
        "TestResults", "node_modules", "BenchmarkDotNet.Artifacts",
    ];

    private static readonly string[] TextEndings =
    [
        ".cs", ".csproj", ".props", ".config", ".json", ".md", ".sh", ".txt",
        ".yml", ".yaml", ".html", ".js", ".css", ".sln", "run",
    ];

    /// <summary>The repository that this test was built from.</summary>
    public static Tree Repository { get; } = Read(StreamActors.Tests.Repository.Root);

    public IReadOnlyList<SourceFile> Files { get; } = files;

    /// <summary>The product's C#.</summary>
    public IEnumerable<SourceFile> Product => CSharp.Where(file => file.Path.StartsWith("src/"));

    public IEnumerable<SourceFile> CSharp => Ending(".cs");

    /// <summary>Files that are read as text.</summary>
    public IEnumerable<SourceFile> Texts => Files.Where(file => TextEndings.Any(file.Path.EndsWith));

    public static Tree Of(params (string Path, string Text)[] files) =>
        new([.. files.Select(file => new SourceFile(file.Path, () => file.Text))]);

    public IEnumerable<SourceFile> Ending(params string[] endings) =>
        Files.Where(file => endings.Any(ending => file.Path.EndsWith(ending, StringComparison.Ordinal)));

    private static Tree Read(string root)
    {
        var files = new List<SourceFile>();
        var folders = new Stack<string>([root]);
        while (folders.TryPop(out var folder))
        {
            foreach (var inner in Directory.EnumerateDirectories(folder))
            {
                if (!NotOurs.Contains(Path.GetFileName(inner)))
                    folders.Push(inner);
            }

            files.AddRange(Directory.EnumerateFiles(folder)
                .Where(path => Path.GetFileName(path) != ".git")
                .Select(path => new SourceFile(
                    Path.GetRelativePath(root, path).Replace('\\', '/'), () => File.ReadAllText(path))));
        }

        return new([.. files.OrderBy(file => file.Path, StringComparer.Ordinal)]);
    }
}
