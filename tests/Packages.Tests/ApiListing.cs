using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace StreamActors.Packages.Tests;

/// <summary>Writes down what of an assembly its users can touch: a line a type and member, as C# declares it.</summary>
internal static class ApiListing
{
    private static readonly SymbolDisplayFormat Format = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters
            | SymbolDisplayGenericsOptions.IncludeTypeConstraints | SymbolDisplayGenericsOptions.IncludeVariance,
        memberOptions: SymbolDisplayMemberOptions.IncludeParameters | SymbolDisplayMemberOptions.IncludeType
            | SymbolDisplayMemberOptions.IncludeRef | SymbolDisplayMemberOptions.IncludeModifiers
            | SymbolDisplayMemberOptions.IncludeConstantValue,
        kindOptions: SymbolDisplayKindOptions.IncludeTypeKeyword | SymbolDisplayKindOptions.IncludeMemberKeyword,
        parameterOptions: SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName
            | SymbolDisplayParameterOptions.IncludeParamsRefOut | SymbolDisplayParameterOptions.IncludeDefaultValue
            | SymbolDisplayParameterOptions.IncludeExtensionThis,
        propertyStyle: SymbolDisplayPropertyStyle.ShowReadWriteDescriptor,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.UseSpecialTypes
            | SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier
            | SymbolDisplayMiscellaneousOptions.AllowDefaultLiteral);

    /// <summary>The listing of an assembly that lies beside the tests.</summary>
    public static string Of(string assembly)
    {
        var beside = Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll");
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        var references = beside.Union(platform).DistinctBy(Path.GetFileName)
            .Where(IsManaged).Select(static file => MetadataReference.CreateFromFile(file)).ToList();
        var compilation = CSharpCompilation.Create("listing", references: references);
        var symbol = references.Select(compilation.GetAssemblyOrModuleSymbol).OfType<IAssemblySymbol>()
            .Single(each => each.Name == assembly);
        var lines = Types(symbol.GlobalNamespace).OrderBy(static type => type.ToDisplayString(), StringComparer.Ordinal)
            .Select(static type => string.Join('\n', Lines(type)));
        return string.Join("\n\n", lines) + "\n";
    }

    private static bool IsManaged(string file)
    {
        using var stream = File.OpenRead(file);
        using var reader = new System.Reflection.PortableExecutable.PEReader(stream);
        return reader.HasMetadata;
    }

    private static IEnumerable<INamedTypeSymbol> Types(INamespaceOrTypeSymbol within) => within.GetMembers()
        .OfType<INamespaceOrTypeSymbol>()
        .Where(static each => each is INamespaceSymbol || IsSeen(each))
        .SelectMany(static each => each is INamedTypeSymbol type ? Types(type).Prepend(type) : Types(each));

    private static IEnumerable<string> Lines(INamedTypeSymbol type)
    {
        var bases = type.Interfaces.Where(IsSeen)
            .Where(static each => !each.Name.StartsWith("IEquatable", StringComparison.Ordinal))
            .Select(static each => each.ToDisplayString(Format));
        if (type.BaseType is { SpecialType: SpecialType.None } parent)
        {
            bases = bases.Prepend(parent.ToDisplayString(Format));
        }

        var inherits = string.Join(", ", bases);
        yield return $"{Modifiers(type)}{type.ToDisplayString(Format)} "
            + $"[{type.ContainingNamespace.ToDisplayString()}]{(inherits.Length > 0 ? $" : {inherits}" : "")}";
        foreach (var member in type.GetMembers().Where(IsListed)
            .OrderBy(static each => each.Name, StringComparer.Ordinal)
            .ThenBy(static each => each.ToDisplayString(Format), StringComparer.Ordinal))
        {
            yield return "    " + member.ToDisplayString(Format);
        }
    }

    private static string Modifiers(INamedTypeSymbol type) =>
        type.IsStatic ? "static " : type is { IsSealed: true, TypeKind: TypeKind.Class } ? "sealed "
            : type is { IsAbstract: true, TypeKind: TypeKind.Class } ? "abstract " : "";

    /// <summary>Not what the compiler adds to records and properties.</summary>
    private static bool IsListed(ISymbol member) => IsSeen(member)
        && member is not ITypeSymbol
        && member is not IMethodSymbol
        {
            MethodKind: MethodKind.PropertyGet or MethodKind.PropertySet
                or MethodKind.EventAdd or MethodKind.EventRemove
        }
        && !member.GetAttributes().Any(static each => each.AttributeClass?.Name == "CompilerGeneratedAttribute")
        && !(member is IMethodSymbol { MethodKind: MethodKind.Constructor, Parameters: [] }
            && member.ContainingType.IsValueType);

    private static bool IsSeen(ISymbol symbol) => symbol.DeclaredAccessibility
        is Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal;
}
