using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using StreamActors.Configuration;

namespace StreamActors.Entities;

/// <summary>What can be known of a state's type at composition; each function is of the type alone.</summary>
internal static class StateType
{
    private static readonly JsonSerializerOptions Options = new()
    {
        IncludeFields = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    private static readonly FrozenSet<Type> Plain = new[]
    {
        typeof(string), typeof(decimal), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly), typeof(TimeOnly),
        typeof(TimeSpan), typeof(Guid), typeof(Int128), typeof(UInt128), typeof(Uri), typeof(Version),
    }.ToFrozenSet();

    private static readonly FrozenSet<Type> PlainIfTheirPartsAre = new[]
    {
        typeof(ImmutableArray<>), typeof(ImmutableList<>), typeof(ImmutableDictionary<,>), typeof(ImmutableHashSet<>),
        typeof(ImmutableSortedDictionary<,>), typeof(ImmutableSortedSet<>), typeof(ImmutableQueue<>),
        typeof(ImmutableStack<>), typeof(FrozenDictionary<,>), typeof(FrozenSet<>), typeof(Nullable<>),
    }.ToFrozenSet();

    /// <summary>JSON of public properties and fields.</summary>
    public static ICodec<TState> DefaultCodec<TState>() => Json.Of<TState>(Options);

    /// <summary>The version that the type carries; null where it has none.</summary>
    public static int? VersionOf(Type type) => type.GetCustomAttribute<StateVersionAttribute>()?.Version;

    /// <summary>
    /// Whether a plain copy keeps a value as it is, whatever is done with the original: a struct of such parts, or a
    /// sealed class of such parts that are never written again.
    /// </summary>
    public static bool IsKeptByCopy(Type type) => IsKeptByCopy(type, []);

    /// <summary>What of a type JSON would not store, a sentence each.</summary>
    public static IEnumerable<string> NotStored(Type type) => NotStored(type, []);

    private static bool IsKeptByCopy(Type type, HashSet<Type> within)
    {
        if (type.IsPrimitive || type.IsEnum || Plain.Contains(type) || !within.Add(type))
        {
            return true;
        }

        if (type.IsGenericType && PlainIfTheirPartsAre.Contains(type.GetGenericTypeDefinition()))
        {
            return type.GetGenericArguments().All(part => IsKeptByCopy(part, within));
        }

        return (type.IsValueType || type is { IsClass: true, IsSealed: true, IsArray: false })
            && FieldsOf(type).All(field =>
                (type.IsValueType || field.IsInitOnly) && IsKeptByCopy(field.FieldType, within));
    }

    private static IEnumerable<string> NotStored(Type type, HashSet<Type> seen)
    {
        if (!seen.Add(type) || type.IsPrimitive || type.IsEnum || Plain.Contains(type))
        {
            return [];
        }

        var shape = Options.GetTypeInfo(type);
        return shape.Kind switch
        {
            JsonTypeInfoKind.Object => NotStored(shape, seen),
            JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary => shape.ElementType is { } element
                ? NotStored(element, seen)
                : [],
            _ => [],
        };
    }

    private static IEnumerable<string> NotStored(JsonTypeInfo shape, HashSet<Type> seen)
    {
        var members = FieldsOf(shape.Type).Select(MemberOf).Where(each => !IsIgnored(shape.Type, each)).ToHashSet();
        var stored = shape.Properties.Select(NameOf).ToHashSet();
        foreach (var member in members.Except(stored))
        {
            yield return $"{TypeName.Of(shape.Type)}.{member} is not public, and would not be stored. Make it a public "
                + "property";
        }

        foreach (var part in shape.Properties)
        {
            // One without a field behind it is computed from others: nothing is lost.
            if (part is { Set: null, AssociatedParameter: null } && members.Contains(NameOf(part)))
            {
                yield return $"{TypeName.Of(shape.Type)}.{NameOf(part)} could not be read back. Give it a setter, or "
                    + "init";
            }

            foreach (var inner in NotStored(part.PropertyType, seen))
            {
                yield return inner;
            }
        }
    }

    private static IEnumerable<FieldInfo> FieldsOf(Type type)
    {
        const BindingFlags Own =
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        for (var each = type; each is not null && each != typeof(object); each = each.BaseType)
        {
            foreach (var field in each.GetFields(Own))
            {
                yield return field;
            }
        }
    }

    private static string NameOf(JsonPropertyInfo part) => (part.AttributeProvider as MemberInfo)?.Name ?? part.Name;

    /// <summary>The name of a field, or of the property that it stands behind.</summary>
    private static string MemberOf(FieldInfo field) =>
        field.IsDefined(typeof(CompilerGeneratedAttribute)) && field.Name.StartsWith('<')
            ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)]
            : field.Name;

    private static bool IsIgnored(Type type, string member) => type
        .GetMember(member, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        .Any(static each => each.IsDefined(typeof(JsonIgnoreAttribute)));
}
