using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace StreamActors.Tidy.Tests.Laws;

/// <summary>The tail of sizes is what makes a code base bad to read.</summary>
internal static class SizeLaws
{
    public static IReadOnlyList<Law> All { get; } =
    [
        new(
            "a file has at most 400 lines",
            tree => tree.Product.Where(file => Count(file.Text) > 400)
                .Select(file => new Finding(file.Path, $"{Count(file.Text)} lines")),
            Tree.Of(("src/A.cs", new string('\n', 401))),
            Tree.Of(("src/A.cs", new string('\n', 400)), ("tests/A.cs", new string('\n', 401)))),
        new(
            "a type has at most 400 lines",
            tree => Longer<BaseTypeDeclarationSyntax>(tree, 400),
            Tree.Of(("src/A.cs", $"class A {{{new string('\n', 400)}}}")),
            Tree.Of(("src/A.cs", $"class A {{{new string('\n', 399)}}}"))),
        new(
            "a method has at most 70 lines",
            tree => Longer<BaseMethodDeclarationSyntax>(tree, 70).Concat(Longer<AccessorDeclarationSyntax>(tree, 70)),
            Tree.Of(("src/A.cs", $"class A {{ void M() {{{new string('\n', 70)}}} }}")),
            Tree.Of(("src/A.cs", $"class A {{ void M() {{{new string('\n', 69)}}} }}"))),
        new(
            "the composition root has at most 60 lines",
            tree => tree.Product.Where(file => file.Name == "Program.cs" && Count(file.Text) > 60)
                .Select(file => new Finding(file.Path, $"{Count(file.Text)} lines")),
            Tree.Of(("src/Node/Program.cs", new string('\n', 61))),
            Tree.Of(("src/Node/Program.cs", new string('\n', 60)))),
        new(
            "at most 5 parameters",
            tree =>
                from file in tree.Product
                from list in file.Nodes<ParameterListSyntax>()
                where list.Parameters.Count > 5 && !IsData(list.Parent!) && !IsForeign(list.Parent!)
                select Finding.At(file, list, $"{list.Parameters.Count} parameters"),
            Tree.Of(("src/A.cs", "class A(int a, int b, int c, int d, int e, int f);")),
            Tree.Of(("src/A.cs", """
                class A { void M(int a, int b, int c, int d, int e) { } }
                record Data(int A, int B, int C, int D, int E, int F);
                partial class L
                {
                    [LoggerMessage(1, LogLevel.Error, "")]
                    partial void M(int a, int b, int c, int d, int e, int f);
                }
                """))),
        new(
            "options have at most 10 properties",
            tree =>
                from file in tree.Product
                from type in file.Nodes<TypeDeclarationSyntax>()
                where type.Identifier.Text.EndsWith("Options", StringComparison.Ordinal)
                let count = type.Members.OfType<PropertyDeclarationSyntax>().Count(property => !IsComputed(property))
                    + (type.ParameterList?.Parameters.Count ?? 0)
                where count > 10
                select Finding.At(file, type, $"{count} options"),
            Tree.Of(("src/A.cs", $"record AOptions {{ {Properties(11)} }}")),
            Tree.Of(("src/A.cs", $"record AOptions {{ {Properties(10)} public int Sum => 1; }}"))),
        new(
            "a line has at most 120 columns",
            tree =>
                from file in tree.Ending(".cs", ".sh")
                from line in file.Lines.Index()
                where line.Item.TrimEnd('\r').Length > 120
                select new Finding(file.Path, $"line {line.Index + 1} has {line.Item.Length} columns"),
            Tree.Of(("tests/A.cs", new string('x', 121))),
            Tree.Of(("tests/A.cs", new string('x', 120)), ("A.md", new string('x', 121)))),
    ];

    private static IEnumerable<Finding> Longer<T>(Tree tree, int limit)
        where T : SyntaxNode =>
        from file in tree.Product
        from node in file.Nodes<T>()
        let span = node.SyntaxTree.GetLineSpan(node.Span)
        let lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1
        where lines > limit
        select Finding.At(file, node, $"{lines} lines");

    private static int Count(string text) => text.Count(c => c == '\n');

    // A record's primary constructor lists data, and with it the names of its properties.
    private static bool IsData(SyntaxNode owner) => owner is RecordDeclarationSyntax;

    // A log message's parameters are its fields; a native function's are somebody else's.
    private static bool IsForeign(SyntaxNode owner) => owner is MethodDeclarationSyntax method &&
        method.AttributeLists.SelectMany(list => list.Attributes)
            .Any(attribute => attribute.Name.ToString() is "LoggerMessage" or "LibraryImport" or "DllImport");

    private static bool IsComputed(PropertyDeclarationSyntax property) =>
        property.ExpressionBody is not null || property.Modifiers.Any(modifier => modifier.Text == "static");

    private static string Properties(int count) =>
        string.Concat(Enumerable.Range(0, count).Select(i => $"public int P{i} {{ get; init; }} "));
}
