using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace StreamActors.Tidy.Tests;

/// <summary>A place that breaks a law.</summary>
/// <param name="Where">A file, or "file: Type.Member": the name by which an exemption is listed.</param>
public sealed record Finding(string Where, string What)
{
    /// <summary>A finding at a member or a type of C#.</summary>
    public static Finding At(SourceFile file, SyntaxNode node, string what) =>
        new($"{file.Path}: {PathOf(node)}", what);

    private static string PathOf(SyntaxNode node) =>
        string.Join('.', node.AncestorsAndSelf().Reverse().Select(NameOf).OfType<string>());

    private static string? NameOf(SyntaxNode node) => node switch
    {
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        MethodDeclarationSyntax method => method.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        PropertyDeclarationSyntax property => property.Identifier.Text,
        DelegateDeclarationSyntax type => type.Identifier.Text,
        LocalFunctionStatementSyntax function => function.Identifier.Text,
        _ => null,
    };
}

/// <summary>A law of STYLE.md.</summary>
/// <param name="Name">What it says; the name in the list of exemptions.</param>
/// <param name="Check">Finds what breaks it.</param>
/// <param name="Bad">A tree that breaks it: the proof that the law can fail.</param>
/// <param name="Good">A tree close to the bad one that keeps it.</param>
public sealed record Law(string Name, Func<Tree, IEnumerable<Finding>> Check, Tree Bad, Tree Good)
{
    public override string ToString() => Name;
}

/// <summary>A place that may break a law, and why.</summary>
public sealed record Exemption(string Law, string Where, string Why);
