using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace StreamActors.Tidy.Tests.Laws;

/// <summary>Documents speak of what there is.</summary>
internal static partial class DocumentLaws
{
    public static IReadOnlyList<Law> All { get; } =
    [
        new(
            "there is a README",
            tree => tree.Files.Any(file => file.Path == "README.md") ? [] : [new("README.md", "is missing")],
            Tree.Of(("docs/README.md", "")),
            Tree.Of(("README.md", ""))),
        new(
            "names of types in documents exist in the source",
            tree =>
            {
                var known = tree.CSharp.SelectMany(file => file.Syntax.DescendantTokens())
                    .Where(token => token.IsKind(SyntaxKind.IdentifierToken)).Select(token => token.Text).ToHashSet();
                return from file in Documents(tree)
                       from name in Quoted().Matches(WithoutCode(file)).Select(match => match.Groups[1].Value)
                       where !known.Contains(name)
                       select new Finding($"{file.Path}: {name}", "stands in no source file");
            },
            Tree.Of(("README.md", "the `ShardMailbox` of"), ("src/A.cs", "sealed class Mailbox;")),
            Tree.Of(("README.md", "the `ShardMailbox<T>` of `Mailbox`"), ("src/A.cs", "sealed class ShardMailbox;"))),
        new(
            "environment variables that the source reads are documented",
            tree =>
            {
                var documented = string.Concat(Documents(tree).Select(file => file.Text));
                return from file in tree.Product
                       from literal in file.Nodes<LiteralExpressionSyntax>()
                       let name = literal.Token.ValueText
                       where VariableName().IsMatch(name) && !Regex.IsMatch(documented, $@"\b{name}\b")
                       select new Finding($"{file.Path}: {name}", "is in neither README.md nor docs");
            },
            Tree.Of(("src/A.cs", "sealed class A { string x = \"API_PORT\"; }"), ("README.md", "API_PORTS")),
            Tree.Of(("src/A.cs", "sealed class A { string x = \"API_PORT\"; }"), ("docs/a.md", "`API_PORT`"))),
        new("variables and settings in documents are read", UnreadSettings,
            Tree.Of(
                ("README.md", "`SOME_PORT` and `Some:Name:Size`"),
                ("src/A.cs", "sealed class Some { string Name = \"SOME_PORTS\"; } // SOME_PORT, Size")),
            Tree.Of(
                ("README.md", "`SOME_PORT`, `SOME__PORT`, `Some:NAME:Size`, `Some__Size`, HOST:PORT, `SCRIPT_ONLY`"),
                ("src/A.cs", "sealed class Some { int Size; string port = $\"no {Size} SOME_PORT\"; }"),
                ("run.sh", "$SCRIPT_ONLY"))),
        new("links in documents lead somewhere", DeadLinks,
            Tree.Of(("docs/a.md", "[b](../b.md)")),
            Tree.Of(
                ("docs/a.md", "[b](../b.md#part), [folder](..), [web](https://example.com), [here](#part)"),
                ("b.md", ""))),
        new("the C# of documents compiles",
            tree => Documents(tree).SelectMany(CodeThatDoesNotCompile),
            Tree.Of(("README.md", Block("var a = NoSuchThing();"))),
            Tree.Of(("README.md", Block("var a = new A();") + Block("class A;") + Block("public void M() { }")),
                ("docs/a.md", Block("var a = new A();") + Block("using System.Text; class A { Encoding? e; }")))),
    ];

    [GeneratedRegex("`([A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+)(?:<[A-Za-z, ]+>)?(?:\\(\\))?`")]
    private static partial Regex Quoted();

    [GeneratedRegex("^[A-Z][A-Z0-9]+(_[A-Z0-9]+)+$")]
    private static partial Regex VariableName();

    [GeneratedRegex(@"\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\b[A-Z]\w*?(?:(?::|__)[A-Za-z]\w*?)+\b")]
    private static partial Regex SettingPath();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^```csharp\\s*\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("^```.*?^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex AnyBlock();

    private static string Block(string code) => $"```csharp\n{code}\n```\n";

    private static List<string> TypesOf(string block) =>
        [.. SyntaxFactory.ParseCompilationUnit(block).Members
            .Where(member => member is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax)
            .Select(member => member.ToFullString())];

    private static string UsingsOf(string block) => SyntaxFactory.ParseCompilationUnit(block).Usings.ToFullString();

    private static IEnumerable<SourceFile> Documents(Tree tree) => tree.Ending(".md").Where(file =>
        file.Path is "README.md" or "ARCHITECTURE.md" || file.Path.StartsWith("docs/", StringComparison.Ordinal));

    private static string WithoutCode(SourceFile file) => AnyBlock().Replace(file.Text, "");

    /// <summary>
    /// A variable, and each part of a setting's path but placeholders in capitals, must stand in code, comments aside,
    /// or in a script.
    /// </summary>
    private static IEnumerable<Finding> UnreadSettings(Tree tree)
    {
        var code = tree.CSharp.SelectMany(file => file.Syntax.DescendantTokens()).Select(token => token.ValueText);
        var known = code.Concat(tree.Ending(".sh", ".csproj", ".props", ".yml").Select(file => file.Text))
            .SelectMany(text => Word().Matches(text)).Select(match => match.Value).ToHashSet();
        return from file in Documents(tree)
               let text = CodeBlock().Replace(file.Text, "")
               let parts = SettingPath().Matches(text).SelectMany(match => match.Value.Split(':', '_'))
                   .Where(part => part.Any(char.IsLower))
               from name in Variable().Matches(text).Select(match => match.Value).Concat(parts).Distinct()
               where !known.Contains(name)
               select new Finding($"{file.Path}: {name}", "is read nowhere");
    }

    private static IEnumerable<Finding> DeadLinks(Tree tree)
    {
        var paths = tree.Files.Select(file => "/" + file.Path).ToHashSet();
        bool Exists(string path) => paths.Contains(path)
            || paths.Any(other => other.StartsWith(path.TrimEnd('/') + "/", StringComparison.Ordinal));
        return from file in tree.Ending(".md")
               from link in Link().Matches(WithoutCode(file)).Select(match => match.Groups[1].Value)
               where !link.Contains("://") && !link.StartsWith('#')
               let target = Path.GetFullPath(Path.Combine("/", Path.GetDirectoryName(file.Path)!, link.Split('#')[0]))
               where !Exists(target)
               select new Finding($"{file.Path}: {link}", "leads nowhere");
    }

    /// <summary>
    /// Each block must compile, as a program or as members of a class, together with the usings of the document's
    /// blocks, the types that its other blocks declare, the implicit usings of a web project, and every namespace of
    /// ours.
    /// </summary>
    private static IEnumerable<Finding> CodeThatDoesNotCompile(SourceFile file)
    {
        var blocks = CodeBlock().Matches(file.Text).Select(match => match.Groups[1].Value).ToList();
        var types = blocks.Select(TypesOf).ToList();
        var usings = string.Concat(blocks.SelectMany(block => UsingsOf(block).Split('\n')).Distinct());
        foreach (var (index, block) in blocks.Index())
        {
            var others = usings + string.Concat(types.Where((_, other) => other != index).SelectMany(list => list));
            var asProgram = Compilation.Errors(block, others);
            if (asProgram.Count > 0 && Compilation.Errors("", $"{others} class TheBlock {{ {block} }}").Count > 0)
                yield return new($"{file.Path}: C# block {index + 1}", string.Join("; ", asProgram.Take(3)));
        }
    }
}
