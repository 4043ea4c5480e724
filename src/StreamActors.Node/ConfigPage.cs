using System.Text;
using StreamActors.Hosting;

namespace StreamActors.Node;

/// <summary>The page of <c>--print-config</c>.</summary>
internal static class ConfigPage
{
    /// <summary>A line a setting: name, value, where it came from or why it is ignored.</summary>
    public static string Write(IReadOnlyList<Setting> settings)
    {
        var page = new StringBuilder();
        var name = settings.Max(static setting => setting.Name.Length);
        var value = Math.Min(settings.Max(static setting => setting.Value.Length), 44);
        foreach (var setting in settings.OrderBy(static setting => setting.Name, StringComparer.Ordinal))
        {
            var from = setting.Ignored is { } why ? $"ignored: {why}"
                : setting.From is null ? "default"
                : setting.From == setting.Name ? "environment"
                : $"environment, as {setting.From}";
            page.Append(setting.Name.PadRight(name)).Append("  ")
                .Append(setting.Value.PadRight(value)).Append("  ")
                .AppendLine(from);
        }

        return page.ToString();
    }
}
