using StreamActors.Configuration;

namespace StreamActors.Hosting;

/// <summary>
/// Settings by their names in the environment, in any case; <c>KAFKA__GROUP_ID</c> is accepted for
/// <c>KAFKA_GROUP_ID</c>, and beats it.
/// </summary>
/// <param name="variables">
/// The environment, or what stands in for it; the comparison of its keys ignores case.
/// </param>
public sealed class EnvironmentSettings(IReadOnlyDictionary<string, string> variables) : ISettingSource
{
    /// <summary>The variables of this process.</summary>
    public static IReadOnlyDictionary<string, string> Variables()
    {
        var found = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            found[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        return found;
    }

    /// <summary>A reader of the variables of this process.</summary>
    public static SettingsReader Reader() => Reader(Variables());

    /// <summary>A reader of variables.</summary>
    public static SettingsReader Reader(IReadOnlyDictionary<string, string> variables) =>
        new(new EnvironmentSettings(variables));

    /// <inheritdoc/>
    public FoundSetting? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var split = name.IndexOf('_', StringComparison.Ordinal);
        var nested = split < 0 ? name : $"{name[..split]}__{name[(split + 1)..]}";
        foreach (var candidate in (ReadOnlySpan<string>)[nested, name])
        {
            if (variables.TryGetValue(candidate, out var value) && value.Length > 0)
            {
                return new FoundSetting(value, candidate == name
                    ? FoundSetting.Environment
                    : $"{FoundSetting.Environment}, as {candidate}");
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public IEnumerable<string> Names(string section) => [];
}
