using System.Globalization;

namespace StreamActors.Hosting;

/// <summary>
/// Reads settings by their environment names, and remembers for each what its value is and where it came from, so that
/// all mistakes are reported at once and <c>--print-config</c> can show everything. Names are case-insensitive; an
/// empty value counts as not set; <c>KAFKA__GROUP_ID</c> is accepted for <c>KAFKA_GROUP_ID</c>, and beats it.
/// </summary>
public sealed class SettingsReader
{
    private readonly IReadOnlyDictionary<string, string> variables;
    private readonly List<Setting> settings = [];
    private readonly List<string> mistakes = [];

    /// <summary>Makes a reader of variables.</summary>
    /// <param name="variables">
    /// The environment, or what stands in for it; the comparison of its keys ignores case.
    /// </param>
    public SettingsReader(IReadOnlyDictionary<string, string> variables) => this.variables = variables;

    /// <summary>Every setting that was read, in the order of reading.</summary>
    public IReadOnlyList<Setting> Settings => settings;

    /// <summary>Every bad value, as a sentence that names variable, value and remedy.</summary>
    public IReadOnlyList<string> Mistakes => mistakes;

    /// <summary>The variables of this process.</summary>
    public static IReadOnlyDictionary<string, string> Environment()
    {
        var found = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (System.Collections.DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
        {
            found[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        return found;
    }

    /// <summary>A text.</summary>
    public string Text(string name, string fallback) => Note(name, Find(name), fallback, isSecret: false);

    /// <summary>A text that is never shown.</summary>
    public string Secret(string name) => Note(name, Find(name), "", isSecret: true);

    /// <summary>One of several words, in any case.</summary>
    public string OneOf(string name, string fallback, params string[] words)
    {
        var given = Text(name, fallback);
        var word = Array.Find(words, word => word.Equals(given, StringComparison.OrdinalIgnoreCase));
        if (word is null)
        {
            mistakes.Add($"{name} is \"{given}\": it must be one of {string.Join(", ", words)}.");
        }

        return word ?? fallback;
    }

    /// <summary>A whole number within bounds, both included.</summary>
    public int Number(string name, int fallback, int min, int max = int.MaxValue)
    {
        var given = Text(name, fallback.ToString(CultureInfo.InvariantCulture));
        if (int.TryParse(given, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return number;
        }

        var range = max == int.MaxValue ? $"from {min} up" : $"from {min} to {max}";
        mistakes.Add($"{name} is \"{given}\": it must be a whole number {range}.");
        return fallback;
    }

    /// <summary>A number of seconds, fractions allowed, within bounds, both included.</summary>
    public TimeSpan Seconds(string name, double fallback, double min, double max)
    {
        var given = Text(name, fallback.ToString(CultureInfo.InvariantCulture));
        if (double.TryParse(given, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
        {
            return TimeSpan.FromSeconds(number);
        }

        mistakes.Add($"{name} is \"{given}\": it must be a number of seconds from {min} to {max}.");
        return TimeSpan.FromSeconds(fallback);
    }

    /// <summary>Yes or no: true, false, 1, 0, yes, no, on, off.</summary>
    public bool Flag(string name, bool fallback)
    {
        var given = Text(name, fallback ? "true" : "false");
        switch (given.ToUpperInvariant())
        {
            case "TRUE" or "1" or "YES" or "ON" or "T" or "Y":
                return true;
            case "FALSE" or "0" or "NO" or "OFF" or "F" or "N":
                return false;
            default:
                mistakes.Add($"{name} is \"{given}\": it must be true or false.");
                return fallback;
        }
    }

    /// <summary>Words between commas; blanks around them are dropped.</summary>
    public IReadOnlyList<string> List(string name, string fallback) =>
        Text(name, fallback).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>
    /// Names and values, <c>name=value</c> between commas, as OpenTelemetry writes them: values are percent-encoded.
    /// </summary>
    public IReadOnlyList<(string Name, string Value)> Pairs(string name, bool isSecret)
    {
        var pairs = new List<(string Name, string Value)>();
        var given = Note(name, Find(name), "", isSecret);
        foreach (var entry in given.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (entry.Split('=', 2, StringSplitOptions.TrimEntries) is [{ Length: > 0 } key, var value])
            {
                pairs.Add((key, Uri.UnescapeDataString(value)));
            }
            else
            {
                mistakes.Add($"{name} must be name=value entries between commas.");
            }
        }

        return pairs;
    }

    /// <summary>A URL of HTTP, null without one. A password in it is a mistake, and is not shown.</summary>
    public Uri? Url(string name, string example)
    {
        var found = Find(name);
        var hasLogin = found?.Value.Contains('@', StringComparison.Ordinal) == true;
        var given = Note(name, found, "", isSecret: hasLogin);
        if (given.Length == 0)
        {
            return null;
        }

        if (!hasLogin && Uri.TryCreate(given, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
        {
            return url;
        }

        var shown = hasLogin ? "not shown" : $"\"{given}\"";
        mistakes.Add($"{name} is {shown}: it must be an http or https URL without a login, such as {example}.");
        return null;
    }

    /// <summary>
    /// Takes note of a setting that is given and has no effect, and why. One that is read as well (so that a bad value
    /// is a mistake) is read first: a secret stays one.
    /// </summary>
    public void Ignored(string name, string why)
    {
        if (Find(name) is { } found)
        {
            var noted = settings.Find(setting => setting.Name == name)
                ?? new Setting(name, found.Value, found.Name, Ignored: null);
            settings.RemoveAll(setting => setting.Name == name);
            settings.Add(noted with { Ignored = why });
        }
    }

    /// <summary>Adds a mistake that only several settings together make.</summary>
    public void Mistake(string sentence) => mistakes.Add(sentence);

    /// <summary>Whether a variable is set.</summary>
    public bool IsSet(string name) => Find(name) is not null;

    private string Note(string name, (string Name, string Value)? found, string fallback, bool isSecret)
    {
        var value = found?.Value ?? fallback;
        var shown = isSecret && value.Length > 0 ? "********" : value;
        if (!settings.Exists(setting => setting.Name == name))
        {
            settings.Add(new Setting(name, shown, found?.Name, Ignored: null));
        }

        return value;
    }

    private (string Name, string Value)? Find(string name)
    {
        var split = name.IndexOf('_', StringComparison.Ordinal);
        var nested = split < 0 ? name : $"{name[..split]}__{name[(split + 1)..]}";
        foreach (var candidate in (ReadOnlySpan<string>)[nested, name])
        {
            if (variables.TryGetValue(candidate, out var value) && value.Length > 0)
            {
                return (candidate, value);
            }
        }

        return null;
    }
}

/// <summary>The effective value of a setting.</summary>
/// <param name="Name">Its documented name.</param>
/// <param name="Value">Its value, masked if it is a secret.</param>
/// <param name="From">The variable that it came from; null = the default.</param>
/// <param name="Ignored">Why it has no effect; null = it has one.</param>
public sealed record Setting(string Name, string Value, string? From, string? Ignored);
