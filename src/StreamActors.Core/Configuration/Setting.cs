namespace StreamActors.Configuration;

/// <summary>The effective value of a setting.</summary>
/// <param name="Name">Its documented name.</param>
/// <param name="Value">Its value, masked if it is a secret.</param>
/// <param name="From">Where it came from, such as <c>environment</c> or <c>code</c>; null = the default.</param>
/// <param name="Ignored">Why it has no effect; null = it has one.</param>
internal sealed record Setting(string Name, string Value, string? From, string? Ignored)
{
    /// <summary>What <see cref="From"/> says of a value that the program sets.</summary>
    public const string Code = "code";

    /// <summary>The value that it has where nothing is given.</summary>
    internal string Fallback { get; init; } = "";

    /// <summary>What <see cref="Value"/> hides; no text of this record has it.</summary>
    internal string? Hidden { get; init; }

    /// <summary>Whether the value is the same, be it shown or hidden.</summary>
    public bool HasValueOf(Setting other) =>
        Value == other.Value && Hidden == other.Hidden;
}
