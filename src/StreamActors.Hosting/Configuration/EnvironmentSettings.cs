using StreamActors.Configuration;

namespace StreamActors.Hosting;

/// <summary>
/// Settings by their names in the environment, in any case; <c>KAFKA__GROUP_ID</c> is accepted for
/// <c>KAFKA_GROUP_ID</c>, and beats it.
/// </summary>
public static class EnvironmentSettings
{
    /// <summary>A reader of the variables of this process.</summary>
    public static SettingsReader Reader() => Reader(Variables());

    /// <summary>A reader of what stands in for the environment, as in a test.</summary>
    /// <param name="variables">Names and values; the comparison of the names ignores case.</param>
    public static SettingsReader Reader(IReadOnlyDictionary<string, string> variables) => new(new Source(variables));

    /// <summary>The variables of this process.</summary>
    internal static IReadOnlyDictionary<string, string> Variables()
    {
        var found = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            found[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        return found;
    }

    private sealed class Source(IReadOnlyDictionary<string, string> variables) : ISettingSource
    {
        public FoundSetting? Find(string name)
        {
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

        public IEnumerable<string> Names(string section) => [];
    }
}
