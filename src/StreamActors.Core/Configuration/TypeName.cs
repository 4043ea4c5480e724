using System.Collections.Frozen;

namespace StreamActors.Configuration;

/// <summary>The name of a type as its user writes it, without namespaces: <c>Enrich&lt;Session, int&gt;</c>.</summary>
internal static class TypeName
{
    private static readonly FrozenDictionary<Type, string> Keywords = new Dictionary<Type, string>
    {
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(char)] = "char",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
    }.ToFrozenDictionary();

    /// <summary>The name of a type.</summary>
    public static string Of(Type type)
    {
        if (Keywords.TryGetValue(type, out var keyword))
        {
            return keyword;
        }

        if (type.IsSZArray)
        {
            return $"{Of(type.GetElementType()!)}[]";
        }

        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return $"{Of(value)}?";
        }

        // A type within a generic one has the other's arguments too, in front of its own.
        var parts = type.Name.Split('`');
        return parts.Length == 1
            ? type.Name
            : $"{parts[0]}<{string.Join(", ", type.GetGenericArguments()[^int.Parse(parts[1], null)..].Select(Of))}>";
    }
}
