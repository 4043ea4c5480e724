using System.Xml.Linq;

namespace StreamActors.Tidy.Tests.Laws;

/// <summary>Dependencies point one way.</summary>
internal static class DependencyLaws
{
    /// <summary>A row a project of src: what of ours it references, and which packages; nothing else.</summary>
    private static readonly Dictionary<string, (string[] Projects, string[] Packages)> Allowed = new()
    {
        ["StreamActors.Core"] = ([], []),
        ["StreamActors.Kafka"] = (["Core"], ["Confluent.Kafka"]),
        ["StreamActors.Redis"] = (["Core"], []),
        ["StreamActors.Hosting"] = (["Core"], []),
        ["StreamActors.Testing"] = (["Core", "Hosting"], []),
        ["StreamActors.Pipelines"] = (["Core", "Kafka", "Redis", "Hosting"], []),
        ["StreamActors.Node"] =
            (["Core", "Kafka", "Redis", "Hosting", "Pipelines"], ["System.CommandLine", "Spectre.Console"]),
    };

    public static IReadOnlyList<Law> All { get; } =
    [
        new("dependencies point one way", Check,
            Tree.Of(("src/StreamActors.Core/StreamActors.Core.csproj",
                Project("<PackageReference Include=\"Polly.Core\" />"))),
            Tree.Of(("src/StreamActors.Redis/StreamActors.Redis.csproj",
                Project("<ProjectReference Include=\"../StreamActors.Core/StreamActors.Core.csproj\" />")))),
        new("only packages of the central table, by exact version",
            tree =>
                from file in tree.Ending(".csproj", ".props")
                from item in XDocument.Parse(file.Text).Descendants()
                let version = (string?)item.Attribute("Version") ?? (string?)item.Attribute("VersionOverride")
                where (item.Name.LocalName == "PackageReference" && version is not null)
                    || (item.Name.LocalName == "PackageVersion" && (version ?? "*").AsSpan().ContainsAny("*[(,"))
                select new Finding(file.Path, item.ToString()),
            Tree.Of(("Directory.Packages.props", Project("<PackageVersion Include=\"A\" Version=\"1.*\" />"))),
            Tree.Of(("Directory.Packages.props", Project("<PackageVersion Include=\"A\" Version=\"1.2.3\" />")))),
    ];

    private static IEnumerable<Finding> Check(Tree tree)
    {
        foreach (var file in tree.Ending(".csproj").Where(file => file.Path.StartsWith("src/")))
        {
            var name = Path.GetFileNameWithoutExtension(file.Path);
            if (!Allowed.TryGetValue(name, out var allowed))
            {
                yield return new(file.Path, "is not in the table of dependencies");
                continue;
            }

            var projects = allowed.Projects.Select(project => "StreamActors." + project);
            var referenced = Included(file, "ProjectReference").Select(Path.GetFileNameWithoutExtension);
            foreach (var other in referenced.Except(projects))
                yield return new(file.Path, $"references {other}");
            foreach (var package in Included(file, "PackageReference").Except(allowed.Packages))
                yield return new(file.Path, $"references the package {package}");
            var isPlain = name is "StreamActors.Core" or "StreamActors.Kafka" or "StreamActors.Redis";
            if (isPlain && Included(file, "FrameworkReference").Any())
                yield return new(file.Path, "references a framework");
        }
    }

    private static IEnumerable<string> Included(SourceFile file, string item) => XDocument.Parse(file.Text)
        .Descendants(item).Select(element => (string?)element.Attribute("Include")).OfType<string>();

    private static string Project(string item) => $"<Project><ItemGroup>{item}</ItemGroup></Project>";
}
