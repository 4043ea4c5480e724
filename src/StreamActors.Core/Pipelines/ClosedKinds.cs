using System.Reflection;

namespace StreamActors.Pipelines;

/// <summary>
/// The kinds of values that have a base, where C# itself says which they are: the base is abstract and all of its
/// constructors are private, so the types nested in it are the only ones that derive from it.
/// <para>
/// Any other base is open: who declares it does not know who derives from it, and a base of events that a whole program
/// shares has kinds that an entity never emits. A rule that asks for these would be wrong too often, so such a kind is
/// told when it is emitted.
/// </para>
/// </summary>
internal static class ClosedKinds
{
    private const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>The kinds of a base; none where it is not closed, or generic.</summary>
    public static IEnumerable<Type> Of(Type kind) =>
        kind is { IsClass: true, IsAbstract: true, IsGenericType: false }
        && kind.GetConstructors(Own).All(each => each.IsPrivate || IsCopying(each, kind))
            ? kind.GetNestedTypes(BindingFlags.Public | BindingFlags.NonPublic)
                .Where(each => each is { IsAbstract: false, IsGenericType: false } && each.IsSubclassOf(kind))
            : [];

    /// <summary>Whether it is the constructor by which a record is copied, which each has.</summary>
    private static bool IsCopying(ConstructorInfo constructor, Type kind) =>
        constructor.GetParameters() is [var only] && only.ParameterType == kind;
}
