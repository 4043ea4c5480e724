using System.Text;
using StreamActors.Configuration;

namespace StreamActors.Hosting;

/// <summary>The page of <c>--print-config</c>.</summary>
internal static class ConfigPage
{
    /// <summary>A line a setting: name, value, where it came from or why it is ignored.</summary>
    public static string Write(IReadOnlyList<Setting> settings)
    {
        var page = new StringBuilder();
        var name = settings.Select(static setting => setting.Name.Length).DefaultIfEmpty().Max();
        var value = settings.Select(static setting => Math.Min(setting.Value.Length, 44)).DefaultIfEmpty().Max();
        foreach (var setting in settings.OrderBy(static setting => setting.Name, StringComparer.Ordinal))
        {
            page.Append(setting.Name.PadRight(name)).Append("  ")
                .Append(setting.Value.PadRight(value)).Append("  ")
                .AppendLine(setting.Ignored is { } why ? $"ignored: {why}" : setting.From ?? "default");
        }

        return page.ToString();
    }
}
