using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace StreamActors.Tidy.Tests.Laws;

/// <summary>Compiles C# of documents against all that this test project references: what a user has.</summary>
internal static class Compilation
{
    private static readonly string[] WebUsings =
    [
        "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Net.Http.Json",
        "System.Threading", "System.Threading.Tasks", "Microsoft.AspNetCore.Builder", "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.Http", "Microsoft.AspNetCore.Routing", "Microsoft.Extensions.Configuration",
        "Microsoft.Extensions.DependencyInjection", "Microsoft.Extensions.Hosting", "Microsoft.Extensions.Logging",
        "Xunit", "Shouldly",
    ];

    private static readonly Lazy<IReadOnlyList<MetadataReference>> References = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path))]);

    private static readonly Lazy<string> Usings = new(() =>
    {
        var ours = CSharpCompilation.Create("ours", references: References.Value).GlobalNamespace.GetNamespaceMembers()
            .Where(name => name.Name == "StreamActors").SelectMany(AllNamespaces)
            .Where(name => name.GetTypeMembers().Any(type => type.DeclaredAccessibility == Accessibility.Public))
            .Select(name => name.ToDisplayString())
            .Where(name => !name.Contains("Tidy", StringComparison.Ordinal));
        return string.Concat(WebUsings.Concat(ours).Select(name => $"global using {name};\n"));
    });

    public static IReadOnlyList<string> Errors(params string[] sources)
    {
        var trees = sources.Append(Usings.Value).Select(source => CSharpSyntaxTree.ParseText(source)).ToList();
        var hasProgram = trees.Any(tree => tree.GetCompilationUnitRoot().Members
            .Any(member => member.IsKind(SyntaxKind.GlobalStatement)));
        var kind = hasProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary;
        var options = new CSharpCompilationOptions(kind, nullableContextOptions: NullableContextOptions.Enable);
        return [.. CSharpCompilation.Create("document", trees, References.Value, options).GetDiagnostics()
            .Where(found => found.Severity == DiagnosticSeverity.Error).Select(found => found.ToString())];
    }

    private static IEnumerable<INamespaceSymbol> AllNamespaces(INamespaceSymbol name) =>
        name.GetNamespaceMembers().SelectMany(AllNamespaces).Prepend(name);
}
