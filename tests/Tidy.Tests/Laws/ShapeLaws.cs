using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace StreamActors.Tidy.Tests.Laws;

/// <summary>What types look like, and where errors are caught.</summary>
internal static class ShapeLaws
{
    public static IReadOnlyList<Law> All { get; } =
    [
        new(
            "a class is sealed, static or abstract",
            tree =>
                from file in tree.Product
                from type in file.Nodes<TypeDeclarationSyntax>()
                where type is ClassDeclarationSyntax
                    or RecordDeclarationSyntax { ClassOrStructKeyword.Text: not "struct" }
                where !Parts(tree, type).Any(part => Has(part, "sealed", "static", "abstract"))
                select Finding.At(file, type, "is open to inheritance"),
            Tree.Of(("src/A.cs", "record A;")),
            Tree.Of(
                ("src/A.cs", "sealed class A; static class B; abstract record C; record struct D;"),
                ("src/E.cs", "sealed partial class E;"),
                ("src/E.Log.cs", "partial class E;"))),
        new(
            "our own inheritance is at most 1 deep",
            tree =>
                from file in tree.Product
                from type in file.Nodes<TypeDeclarationSyntax>()
                where type is not InterfaceDeclarationSyntax
                where OwnBase(tree, type) is { } first && OwnBase(tree, first) is not null
                select Finding.At(file, type, "has a base of ours that has a base of ours"),
            Tree.Of(("src/A.cs", "abstract class A; abstract class B : A; sealed class C : B;")),
            Tree.Of(("src/A.cs", "interface I; abstract class A : Exception; sealed class C : A, I;"))),
        new(
            "a class is partial only for its log texts and for generators",
            tree =>
                from file in tree.Product
                from type in file.Nodes<TypeDeclarationSyntax>()
                where Has(type, "partial") && !MayBePartial(tree, type)
                select Finding.At(file, type, "is partial without need"),
            Tree.Of(("src/A.cs", "sealed partial class A;"), ("src/A.More.cs", "sealed partial class A;")),
            Tree.Of(("src/A.cs", "sealed partial class A;"), ("src/A.Log.cs", "partial class A;"),
                ("src/J.cs", "sealed partial class J : JsonSerializerContext;"),
                ("src/N.cs", "static partial class N { [LibraryImport(\"x\")] static partial void F(); }"))),
        new(
            "catch (Exception) stands only at listed boundaries",
            tree =>
                from file in tree.Product
                from clause in file.Nodes<CatchClauseSyntax>()
                where clause.Declaration?.Type.ToString() is null or "Exception" or "System.Exception"
                select Finding.At(file, clause, "catches every exception"),
            Tree.Of(("src/A.cs", "sealed class A { void M() { try { } catch { throw; } } }")),
            Tree.Of(("src/A.cs", "sealed class A { void M() { try { } catch (IOException) { throw; } } }"))),
        new(
            "a catch says what it does",
            tree =>
                from file in tree.CSharp
                from clause in file.Nodes<CatchClauseSyntax>()
                where clause.Block.Statements.Count == 0 && !clause.Block.DescendantTrivia().Any(IsComment)
                select Finding.At(file, clause, "is empty, without a reason"),
            Tree.Of(("src/A.cs", "sealed class A { void M() { try { } catch (IOException) { } } }")),
            Tree.Of(("src/A.cs", "sealed class A { void M() { try { } catch (IOException) { /* closed */ } } }"))),
        new(
            "nothing is dynamic",
            tree =>
                from file in tree.CSharp
                from name in file.Nodes<IdentifierNameSyntax>()
                where name.Identifier.Text == "dynamic" && name.Parent is not MemberAccessExpressionSyntax
                select Finding.At(file, name, "uses dynamic"),
            Tree.Of(("src/A.cs", "sealed class A { dynamic x; }")),
            Tree.Of(("src/A.cs", "sealed class A { object x; }"))),
        new("log messages have ids, and no two the same", LogIds,
            Tree.Of(("src/A.cs", Log("1") + Log("EventId = 1"))),
            Tree.Of(("src/A.cs", Log("1") + Log("EventId = 2")))),
    ];

    private static IEnumerable<Finding> LogIds(Tree tree)
    {
        var messages = (
            from file in tree.Product
            from attribute in file.Nodes<AttributeSyntax>()
            where attribute.Name.ToString() is "LoggerMessage"
            let id = attribute.ArgumentList?.Arguments.FirstOrDefault(IsEventId)?.Expression.ToString()
            select (Finding: Finding.At(file, attribute, $"event id {id ?? "missing"}"), Id: id)).ToList();
        return messages.GroupBy(message => message.Id).Where(group => group.Key is null || group.Count() > 1)
            .SelectMany(group => group.Select(message => message.Finding));
    }

    private static bool IsEventId(AttributeArgumentSyntax argument) =>
        argument.NameEquals?.Name.Identifier.Text == "EventId"
        || argument.NameColon?.Name.Identifier.Text == "eventId"
        || (argument is { NameEquals: null, NameColon: null }
            && argument.Expression.IsKind(SyntaxKind.NumericLiteralExpression));

    private static IEnumerable<TypeDeclarationSyntax> Parts(Tree tree, TypeDeclarationSyntax type) =>
        Has(type, "partial")
            ? Types(tree).Where(other => other.Identifier.Text == type.Identifier.Text && Has(other, "partial"))
            : [type];

    private static TypeDeclarationSyntax? OwnBase(Tree tree, TypeDeclarationSyntax type)
    {
        var bases = type.BaseList?.Types.Select(b => b.Type.ToString().Split('<')[0].Split('.')[^1]).ToList() ?? [];
        return Types(tree).FirstOrDefault(other =>
            other is not InterfaceDeclarationSyntax && other != type && bases.Contains(other.Identifier.Text));
    }

    private static bool MayBePartial(Tree tree, TypeDeclarationSyntax type)
    {
        var parts = tree.Product
            .SelectMany(file => file.Nodes<TypeDeclarationSyntax>().Select(part => (file, part)))
            .Where(pair => pair.part.Identifier.Text == type.Identifier.Text && Has(pair.part, "partial")).ToList();
        if (parts.Any(pair => pair.file.Name == type.Identifier.Text + ".Log.cs"))
            return parts.Count == 2;
        return parts.Count == 1 && (
            type.BaseList?.Types.Any(b => b.Type.ToString() == "JsonSerializerContext") == true ||
            type.DescendantNodes().OfType<AttributeSyntax>().Any(attribute => attribute.Name.ToString()
                is "LoggerMessage" or "LibraryImport" or "GeneratedRegex" or "JsonSerializable"));
    }

    private static IEnumerable<TypeDeclarationSyntax> Types(Tree tree) =>
        tree.Product.SelectMany(file => file.Nodes<TypeDeclarationSyntax>());

    private static bool Has(TypeDeclarationSyntax type, params string[] modifiers) =>
        type.Modifiers.Any(token => modifiers.Contains(token.Text));

    private static bool IsComment(SyntaxTrivia trivia) =>
        trivia.IsKind(SyntaxKind.SingleLineCommentTrivia) || trivia.IsKind(SyntaxKind.MultiLineCommentTrivia);

    private static string Log(string id) => $"[LoggerMessage({id}, Message = \"\")] partial void M();";
}
