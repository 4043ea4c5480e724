using System.Reflection;

namespace StreamActors.Node;

/// <summary>What this program is.</summary>
internal static class ThisAssembly
{
    /// <summary>Its version.</summary>
    public static string Version { get; } =
        typeof(ThisAssembly).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
