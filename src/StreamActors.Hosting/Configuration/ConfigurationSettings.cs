using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Memory;
using StreamActors.Configuration;

namespace StreamActors.Hosting;

/// <summary>
/// Settings of a host's configuration: whatever the host reads, in its order, such as <c>appsettings.json</c>, then
/// variables like <c>StreamActors__Redis__Host</c>, then the command line.
/// </summary>
internal sealed class ConfigurationSettings(IConfiguration configuration) : ISettingSource
{
    /// <inheritdoc/>
    public FoundSetting? Find(string name) => configuration[name] is { Length: > 0 } value
        ? new FoundSetting(value, Origin(configuration, name) ?? "configuration")
        : null;

    /// <inheritdoc/>
    public IEnumerable<string> Names(string section) =>
        configuration.GetSection(section).GetChildren().Select(static child => child.Key);

    /// <summary>The names of all settings below a section.</summary>
    public IEnumerable<string> All(string section) => configuration.GetSection(section).AsEnumerable()
        .Where(static pair => pair.Value is not null)
        .Select(static pair => pair.Key);

    /// <summary>Who gave the value: the last provider that has one, because it wins.</summary>
    private static string? Origin(IConfiguration configuration, string name) =>
        configuration is not IConfigurationRoot root ? null : root.Providers.Reverse()
            .Where(provider => provider.TryGet(name, out _))
            .Select(provider => Origin(provider, name))
            .FirstOrDefault();

    private static string? Origin(IConfigurationProvider provider, string name) => provider switch
    {
        FileConfigurationProvider file => file.Source.Path,
        EnvironmentVariablesConfigurationProvider => $"{FoundSetting.Environment}, as {Variable(name)}",
        CommandLineConfigurationProvider => "command line",
        MemoryConfigurationProvider => "memory",
        ChainedConfigurationProvider chained => Origin(chained.Configuration, name),
        _ => provider.ToString(),
    };

    /// <summary>The variable as it is written there: in any case, and with the prefix that the host reads.</summary>
    private static string Variable(string name)
    {
        var variable = name.Replace(":", "__", StringComparison.Ordinal);
        return EnvironmentSettings.Variables().Keys.FirstOrDefault(
            key => key.EndsWith(variable, StringComparison.OrdinalIgnoreCase)) ?? variable;
    }
}
