using System.Globalization;
using System.Text.RegularExpressions;

namespace StreamActors.Tests.RideShare;

/// <summary>
/// A strict reader of Prometheus' text format 0.0.4: every family has HELP, TYPE and its samples in one run, a counter
/// ends in <c>_total</c>, a histogram's buckets grow up to <c>+Inf</c> and agree with its count, no series comes twice.
/// </summary>
internal sealed partial class PrometheusPage
{
    private const string Label = "[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\n]|\\\\[\"\\\\n])*\"";

    private readonly Dictionary<string, double> series = [];

    /// <summary>The families with their types.</summary>
    public Dictionary<string, string> Families { get; } = [];

    /// <summary>A series by its name and labels as written: <c>name{a="b"}</c>.</summary>
    public double this[string name] => series.TryGetValue(name, out var value)
        ? value
        : throw new KeyNotFoundException($"no {name} among\n{string.Join('\n', series.Keys)}");

    /// <exception cref="FormatException">The page is not in the format.</exception>
    public static PrometheusPage Parse(string text)
    {
        var page = new PrometheusPage();
        var family = "";
        if (!text.EndsWith('\n'))
            throw new FormatException("the page does not end with a line feed");
        var lines = text[..^1].Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith("# HELP ", StringComparison.Ordinal))
            {
                family = lines[i].Split(' ')[2];
                if (i + 1 == lines.Length || !lines[i + 1].StartsWith($"# TYPE {family} ", StringComparison.Ordinal))
                    throw new FormatException($"HELP without TYPE: {lines[i]}");
            }
            else if (lines[i].StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                page.Begin(family, lines[i]);
            }
            else
            {
                page.Add(family, lines[i]);
            }
        }

        page.CheckHistograms();
        return page;
    }

    [GeneratedRegex("^([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{" + Label + "(?:," + Label + ")*\\})? (\\S+)$")]
    private static partial Regex Sample();

    private void Begin(string family, string line)
    {
        var words = line.Split(' ');
        if (words.Length != 4 || words[2] != family || words[3] is not ("counter" or "gauge" or "histogram"))
            throw new FormatException($"bad TYPE: {line}");
        if (words[3] == "counter" && !family.EndsWith("_total", StringComparison.Ordinal))
            throw new FormatException($"a counter must end in _total: {line}");
        if (!Families.TryAdd(family, words[3]))
            throw new FormatException($"a family comes twice: {line}");
    }

    private void Add(string family, string line)
    {
        var match = Sample().Match(line);
        if (!match.Success)
            throw new FormatException($"not a sample: {line}");
        var name = match.Groups[1].Value;
        var isOfFamily = name == family
            || (Families.GetValueOrDefault(family) == "histogram"
                && name.StartsWith(family, StringComparison.Ordinal)
                && name[family.Length..] is "_bucket" or "_sum" or "_count");
        if (!isOfFamily)
            throw new FormatException($"not of the family {family}: {line}");
        var value = match.Groups[3].Value == "+Inf"
            ? double.PositiveInfinity
            : double.Parse(match.Groups[3].Value, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!series.TryAdd(name + match.Groups[2].Value, value))
            throw new FormatException($"a series comes twice: {line}");
    }

    private void CheckHistograms()
    {
        foreach (var family in Families.Where(static each => each.Value == "histogram").Select(static each => each.Key))
        {
            var counts = $"{family}_count";
            foreach (var count in series.Where(each => each.Key.StartsWith(counts, StringComparison.Ordinal)))
            {
                var labels = count.Key[$"{family}_count".Length..].Trim('{', '}');
                var start = $"{family}_bucket{{{(labels.Length > 0 ? labels + "," : "")}le=\"";
                var buckets = series.Where(each => each.Key.StartsWith(start, StringComparison.Ordinal)).ToList();
                buckets.Select(static each => each.Value).ShouldBeInOrder();
                buckets[^1].Key.ShouldEndWith("le=\"+Inf\"}");
                buckets[^1].Value.ShouldBe(count.Value);
                series.ShouldContainKey($"{family}_sum{count.Key[$"{family}_count".Length..]}");
            }
        }
    }
}
