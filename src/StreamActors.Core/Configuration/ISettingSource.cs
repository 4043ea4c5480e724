namespace StreamActors.Configuration;

/// <summary>Where settings are looked up: the environment, or a host's configuration.</summary>
internal interface ISettingSource
{
    /// <summary>
    /// What is given for a name, whose case does not count, and where; null where nothing or an empty text is.
    /// </summary>
    FoundSetting? Find(string name);

    /// <summary>The last parts of the names that are given below a section.</summary>
    IEnumerable<string> Names(string section);
}

/// <summary>A setting that was given.</summary>
/// <param name="Value">Its text.</param>
/// <param name="From">Where it stands, such as <c>appsettings.json</c>.</param>
internal sealed record FoundSetting(string Value, string From)
{
    /// <summary>What <see cref="From"/> says of a variable that has the setting's own name.</summary>
    public const string Environment = "environment";
}
