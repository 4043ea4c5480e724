using System.Globalization;
using System.Numerics;

namespace StreamActors.Configuration;

/// <summary>
/// Reads settings by name, and remembers for each what its value is and where it came from, so that all mistakes are
/// reported at once and <c>--print-config</c> can show everything. An empty value counts as not set.
/// </summary>
public sealed class SettingsReader
{
    private readonly ISettingSource? source;
    private readonly string prefix;
    private readonly List<Setting> settings;
    private readonly List<string> mistakes;

    /// <summary>
    /// Makes a reader that finds nothing: every setting has the value that the code gives, and is checked.
    /// </summary>
    public SettingsReader()
        : this(null, "", [], [])
    {
    }

    /// <summary>Makes a reader of a source.</summary>
    internal SettingsReader(ISettingSource source)
        : this(source, "", [], [])
    {
    }

    private SettingsReader(ISettingSource? source, string prefix, List<Setting> settings, List<string> mistakes) =>
        (this.source, this.prefix, this.settings, this.mistakes) = (source, prefix, settings, mistakes);

    /// <summary>Every setting that was read, in the order of reading.</summary>
    internal IReadOnlyList<Setting> Settings => settings;

    /// <summary>
    /// The settings that were read, with the values that the source has now; they are not checked again.
    /// </summary>
    internal IEnumerable<Setting> Now() =>
        from setting in settings
        let found = source?.Find(setting.Name)
        let value = found?.Value ?? setting.Fallback
        select setting.Hidden is null
            ? setting with { Value = value, From = found?.From }
            : setting with { Hidden = found?.Value, From = found?.From };

    /// <summary>Every bad value, as a sentence that names setting, value and remedy.</summary>
    public IReadOnlyList<string> Mistakes => mistakes;

    /// <summary>
    /// A reader of the settings below a section, such as <c>Kafka</c>; it tells this one what it finds.
    /// </summary>
    public SettingsReader Section(string name) => new(source, $"{prefix}{name}:", settings, mistakes);

    /// <summary>The full name of a setting, as messages say it.</summary>
    public string NameOf(string name) => prefix + name;

    /// <summary>
    /// Reads options over those that the code gives: what nothing else sets keeps its value, and says that it is the
    /// code's where it is not the default.
    /// </summary>
    /// <param name="given">What the code gives.</param>
    /// <param name="standard">What is there without code.</param>
    /// <param name="read">Reads the options.</param>
    internal T Over<T>(T given, T standard, Func<SettingsReader, T, T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        var defaults = new SettingsReader(null, prefix, [], []);
        read(defaults, standard);
        var values = defaults.settings.ToDictionary(static setting => setting.Name, static setting => setting.Value);
        var first = settings.Count;
        var options = read(this, given);
        for (var i = first; i < settings.Count; i++)
        {
            if (settings[i] is { From: null } setting && values.GetValueOrDefault(setting.Name) != setting.Value)
            {
                settings[i] = setting with { From = Setting.Code };
            }
        }

        return options;
    }

    /// <summary>A text.</summary>
    public string Text(string name, string fallback) => Take(name, fallback).Value;

    /// <summary>A text that may be missing; an empty one is.</summary>
    public string? Optional(string name, string? fallback) => NullIfEmpty(Take(name, fallback ?? "").Value);

    /// <summary>A text that is never shown.</summary>
    public string Secret(string name) => Take(name, "", isSecret: true).Value;

    /// <summary>A text that may be missing, and is never shown.</summary>
    public string? OptionalSecret(string name, string? fallback) =>
        NullIfEmpty(Take(name, fallback ?? "", isSecret: true).Value);

    /// <summary>All that is given below a section, over what the code gives; no value is shown.</summary>
    internal IReadOnlyDictionary<string, string> Secrets(string section, IReadOnlyDictionary<string, string> fallback)
    {
        ArgumentNullException.ThrowIfNull(fallback);
        var below = Section(section);
        var names = source?.Names(NameOf(section)) ?? [];
        return names.Union(fallback.Keys, StringComparer.OrdinalIgnoreCase).ToDictionary(
            static name => name,
            name => below.Take(name, fallback.GetValueOrDefault(name, ""), isSecret: true).Value);
    }

    /// <summary>One of several words, in any case.</summary>
    public string OneOf(string name, string fallback, params string[] words)
    {
        var given = Take(name, fallback);
        var word = Array.Find(words, word => word.Equals(given.Value, StringComparison.OrdinalIgnoreCase));
        return word ?? Refuse(given, $"one of {string.Join(", ", words)}", fallback);
    }

    /// <summary>One of the names of an enumeration, in any case.</summary>
    public T OneOf<T>(string name, T fallback)
        where T : struct, Enum =>
        Enum.Parse<T>(OneOf(name, Enum.GetName(fallback) ?? $"{fallback}", Enum.GetNames<T>()));

    /// <summary>A whole number within bounds, both included.</summary>
    public T Number<T>(string name, T fallback, T min, T? max = null)
        where T : struct, IBinaryInteger<T>
    {
        var given = Take(name, fallback.ToString(null, CultureInfo.InvariantCulture));
        if (T.TryParse(given.Value, CultureInfo.InvariantCulture, out var number)
            && number >= min && (max is null || number <= max))
        {
            return number;
        }

        var range = max is null ? $"from {min} up" : $"from {min} to {max}";
        return Refuse(given, $"a whole number {range}", fallback);
    }

    /// <summary>A number of seconds, fractions allowed, within bounds, both included.</summary>
    public TimeSpan Seconds(string name, double fallback, double min, double max)
    {
        var given = Take(name, fallback.ToString(CultureInfo.InvariantCulture));
        return double.TryParse(given.Value, CultureInfo.InvariantCulture, out var number)
            && number >= min && number <= max
            ? TimeSpan.FromSeconds(number)
            : Refuse(given, $"a number of seconds from {min} to {max}", TimeSpan.FromSeconds(fallback));
    }

    /// <summary>A time within bounds, both included: <c>500ms</c>, <c>5s</c>, <c>2m</c>, <c>00:00:05</c>.</summary>
    public TimeSpan Time(string name, TimeSpan fallback, TimeSpan min, TimeSpan max)
    {
        var given = Take(name, Duration.Write(fallback));
        return Duration.TryRead(given.Value, out var span) && span >= min && span <= max
            ? span
            : Refuse(
                given, $"a time from {Duration.Write(min)} to {Duration.Write(max)}, such as 500ms, 5s or 00:00:05",
                fallback);
    }

    /// <summary>Yes or no: true, false, 1, 0, yes, no, on, off.</summary>
    public bool Flag(string name, bool fallback)
    {
        var given = Take(name, fallback ? "true" : "false");
        return given.Value.ToUpperInvariant() switch
        {
            "TRUE" or "1" or "YES" or "ON" or "T" or "Y" => true,
            "FALSE" or "0" or "NO" or "OFF" or "F" or "N" => false,
            _ => Refuse(given, "true or false", fallback),
        };
    }

    /// <summary>Words between commas; blanks around them are dropped.</summary>
    public IReadOnlyList<string> List(string name, string fallback) =>
        Text(name, fallback).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>
    /// Names and values, <c>name=value</c> between commas, as OpenTelemetry writes them: values are percent-encoded.
    /// </summary>
    internal IReadOnlyList<(string Name, string Value)> Pairs(string name, bool isSecret)
    {
        var pairs = new List<(string Name, string Value)>();
        var given = Take(name, "", isSecret).Value;
        foreach (var entry in given.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (entry.Split('=', 2, StringSplitOptions.TrimEntries) is [{ Length: > 0 } key, var value])
            {
                pairs.Add((key, Uri.UnescapeDataString(value)));
            }
            else
            {
                mistakes.Add($"{NameOf(name)} must be name=value entries between commas.");
            }
        }

        return pairs;
    }

    /// <summary>
    /// A URL of HTTP, such as <c>http://customers:8080</c>. That there is none, and no fallback, is a mistake; so is a
    /// login in it, which is not shown.
    /// </summary>
    public Uri Url(string name, string fallback = "")
    {
        const string Example = "http://localhost:8080";
        var before = mistakes.Count;
        var given = fallback.Length == 0 ? null : new Uri(fallback, UriKind.RelativeOrAbsolute);
        var url = OptionalUrl(name, given, Example);
        if (url is null && mistakes.Count == before)
        {
            mistakes.Add($"{NameOf(name)} is not set: it must be an http or https URL, such as {Example}.");
        }

        return url ?? new Uri(Example);
    }

    /// <summary>
    /// A URL of HTTP, which may be missing. A login in it is a mistake, and is not shown: a password is a secret of its
    /// own.
    /// </summary>
    /// <param name="name">The setting.</param>
    /// <param name="fallback">What the code gives; null = nothing.</param>
    /// <param name="example">What the message of a mistake shows.</param>
    public Uri? OptionalUrl(string name, Uri? fallback, string example)
    {
        var otherwise = fallback?.OriginalString ?? "";
        var hasLogin = (Find(name)?.Value ?? otherwise).Contains('@', StringComparison.Ordinal);
        var given = Take(name, otherwise, isSecret: hasLogin).Value;
        if (given.Length == 0)
        {
            return null;
        }

        if (!hasLogin && Uri.TryCreate(given, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
        {
            return url;
        }

        var shown = hasLogin ? "not shown" : $"\"{given}\"";
        mistakes.Add(
            $"{NameOf(name)} is {shown}: it must be an http or https URL without a login, such as {example}.");
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
            var full = NameOf(name);
            var noted = settings.Find(setting => setting.Name == full)
                ?? new Setting(full, found.Value, found.From, Ignored: null);
            settings.RemoveAll(setting => setting.Name == full);
            settings.Add(noted with { Ignored = why });
        }
    }

    /// <summary>Adds a mistake that only several settings together make.</summary>
    public void Mistake(string sentence) => mistakes.Add(sentence);

    private static string? NullIfEmpty(string value) => value.Length == 0 ? null : value;

    private FoundSetting? Find(string name) => source?.Find(NameOf(name));

    private Given Take(string name, string fallback, bool isSecret = false)
    {
        var found = Find(name);
        var given = new Given(NameOf(name), found?.Value ?? fallback, found?.From);
        var isHidden = isSecret && given.Value.Length > 0;
        if (!settings.Exists(setting => setting.Name == given.Name))
        {
            var shown = isHidden ? "********" : given.Value;
            settings.Add(new Setting(given.Name, shown, given.From, Ignored: null)
            {
                Fallback = isSecret ? "" : fallback,
                Hidden = isHidden ? given.Value : null,
            });
        }

        return given;
    }

    private T Refuse<T>(Given given, string rule, T fallback)
    {
        // A default is never refused, so what nothing set is the code's.
        var from = given.From is FoundSetting.Environment ? "" : $" ({given.From ?? Setting.Code})";
        mistakes.Add($"{given.Name} is \"{given.Value}\"{from}: it must be {rule}.");
        return fallback;
    }

    private readonly record struct Given(string Name, string Value, string? From);
}
