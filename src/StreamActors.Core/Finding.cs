namespace StreamActors;

/// <summary>One thing that a check found.</summary>
/// <param name="Ok">Whether it is as it must be.</param>
/// <param name="Sentence">What was found.</param>
/// <param name="Remedy">What to do about it; empty where nothing is to be done.</param>
internal sealed record Finding(bool Ok, string Sentence, string Remedy);
