using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace StreamActors.Tidy.Tests.Laws;

/// <summary>What no file says. The words are put together here, so that this file keeps its own laws.</summary>
internal static class TextLaws
{
    private const string Later = "TO" + "DO";
    private const string OneMachine = "/wo" + "rk/|/ro" + "ot/|/ho" + "me/[a-z]";
    private const string Registry = "regist" + @"ry\.npm|nug" + @"et\.org/|api\.nug" + "et";

    public static IReadOnlyList<Law> All { get; } =
    [
        new(
            "nothing is left for later",
            tree => Lines(
                tree.Ending(".cs", ".sh", ".csproj", ".props"), @"\b(" + Later + "|FIX" + "ME|XX" + "X|HA" + @"CK)\b"),
            Tree.Of(("src/A.cs", $"// {Later}: more")),
            Tree.Of(("src/A.cs", "// done"))),
        new(
            "no regions",
            tree => Lines(tree.CSharp, @"^\s*#\s*region"),
            Tree.Of(("src/A.cs", "  #" + "region Fields")),
            Tree.Of(("src/A.cs", "// a region"))),
        new(
            "no code is commented out",
            tree =>
                from file in tree.CSharp
                from comment in file.Syntax.DescendantTrivia()
                where comment.IsKind(SyntaxKind.SingleLineCommentTrivia) && IsCode(comment.ToString())
                select new Finding(file.Path, comment.ToString()),
            Tree.Of(("src/A.cs", "// count = Next(1);")),
            Tree.Of(("src/A.cs", "// one at a time; the next (if any) waits;\n// a => b"))),
        new(
            "no package registry's host and no path of one machine",
            tree => Lines(tree.Texts, $"{Registry}|{OneMachine}"),
            Tree.Of(("a.sh", "cd /wo" + "rk/main")),
            Tree.Of(("a.sh", "cd ../work"), ("a.png", "/ro" + "ot/"))),
    ];

    private static IEnumerable<Finding> Lines(IEnumerable<SourceFile> files, string pattern)
    {
        var regex = new Regex(pattern, RegexOptions.CultureInvariant);
        return from file in files
               from line in file.Lines.Index()
               where regex.IsMatch(line.Item)
               select new Finding(file.Path, $"line {line.Index + 1}: {line.Item.Trim()}");
    }

    /// <summary>It ends like a statement, parses as one, and has what prose has not: a call or an assignment.</summary>
    private static bool IsCode(string comment)
    {
        var text = comment.TrimStart('/').Trim();
        if (!text.EndsWith(';'))
            return false;
        var statement = SyntaxFactory.ParseStatement(text);
        return !statement.GetDiagnostics().Any()
            && statement.FullSpan.Length == text.Length
            && statement.DescendantNodesAndSelf().Any(node => node is InvocationExpressionSyntax
                or AssignmentExpressionSyntax or EqualsValueClauseSyntax or ReturnStatementSyntax);
    }
}
