using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace StreamActors.Tidy.Tests.Laws;

/// <summary>One word for one thing: the glossary of ARCHITECTURE.md.</summary>
internal static partial class NameLaws
{
    /// <summary>Words that the glossary replaces, where no library's word is meant by them.</summary>
    private static readonly Dictionary<string, string> Instead = new()
    {
        ["Grain"] = "entity",
        ["Checkpoint"] = "snapshot",
        ["Worker"] = "node",
        ["Job"] = "pipeline",
        ["Pause"] = "hold",
        ["Paused"] = "held",
    };

    public static IReadOnlyList<Law> All { get; } =
    [
        new(
            "names use the glossary's words",
            tree =>
                from file in tree.Product
                from node in file.Syntax.DescendantNodes()
                let name = Declared(node)
                where name is not null
                from word in Words().Matches(name).Select(match => match.Value)
                where Instead.ContainsKey(word)
                select Finding.At(file, node, $"{name}: say {Instead[word]}"),
            Tree.Of(("src/A.cs", "sealed class GrainTable;")),
            Tree.Of(("src/A.cs", "sealed class EntityTable { void M() => consumer.Pause(); }"))),
    ];

    [GeneratedRegex("[A-Z][a-z0-9]*")]
    private static partial Regex Words();

    private static string? Declared(SyntaxNode node) => node switch
    {
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        DelegateDeclarationSyntax type => type.Identifier.Text,
        MethodDeclarationSyntax method => method.Identifier.Text,
        PropertyDeclarationSyntax property => property.Identifier.Text,
        EnumMemberDeclarationSyntax member => member.Identifier.Text,
        _ => null,
    };
}
