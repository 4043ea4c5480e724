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
                from file in tree.Ending(".csproj", ".props").Where(static file => !IsOfTemplate(file))
                from item in XDocument.Parse(file.Text).Descendants()
                let version = (string?)item.Attribute("Version") ?? (string?)item.Attribute("VersionOverride")
                where (item.Name.LocalName == "PackageReference" && version is not null)
                    || (item.Name.LocalName == "PackageVersion" && (version ?? "*").AsSpan().ContainsAny("*[(,"))
                select new Finding(file.Path, item.ToString()),
            Tree.Of(("Directory.Packages.props", Project("<PackageVersion Include=\"A\" Version=\"1.*\" />"))),
            Tree.Of(("Directory.Packages.props", Project("<PackageVersion Include=\"A\" Version=\"1.2.3\" />")))),
        new("the template asks for our own version, and for others' as the central table has them",
            tree =>
                from file in tree.Ending(".csproj").Where(static file => IsOfTemplate(file))
                from item in XDocument.Parse(file.Text).Descendants()
                where item.Name.LocalName == "PackageReference"
                let name = (string)item.Attribute("Include")!
                let version = (string?)item.Attribute("Version")
                let wanted = name.StartsWith("StreamActors.", StringComparison.Ordinal)
                    ? "STREAMACTORS_VERSION"
                    : CentralVersion(tree, name)
                where version != wanted
                select new Finding(file.Path, $"asks for {name} {version}, not {wanted}"),
            Tree.Of(
                ("Directory.Packages.props", Project("<PackageVersion Include=\"A\" Version=\"1.2.3\" />")),
                ("templates/t/A.csproj", Project("<PackageReference Include=\"A\" Version=\"1.2.2\" />"))),
            Tree.Of(
                ("Directory.Packages.props", Project("<PackageVersion Include=\"A\" Version=\"1.2.3\" />")),
                ("templates/t/A.csproj", Project("<PackageReference Include=\"A\" Version=\"1.2.3\" />")))),
    ];

    private static bool IsOfTemplate(SourceFile file) =>
        file.Path.StartsWith("templates/", StringComparison.Ordinal) && file.Path.Count(static each => each == '/') > 1;

    private static string? CentralVersion(Tree tree, string package) => tree.Ending("Directory.Packages.props")
        .SelectMany(static file => XDocument.Parse(file.Text).Descendants())
        .Where(each => each.Name.LocalName == "PackageVersion" && (string?)each.Attribute("Include") == package)
        .Select(static each => (string?)each.Attribute("Version")).SingleOrDefault();

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
