namespace StreamActors.Tidy.Tests;

/// <summary>Every place that may break a law, with its reason. One that breaks nothing any more is a failure.</summary>
public static class Exemptions
{
    /// <summary>A row: the law's name, the place exactly as the failing test prints it, the reason.</summary>
    public static IReadOnlyList<Exemption> All { get; } =
    [
    ];
}
