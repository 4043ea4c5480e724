namespace StreamActors.Windows;

/// <summary>A wall-clock window: what it holds of each entity's records, and how often it lets go.</summary>
/// <param name="Every">The time between two flushes.</param>
/// <param name="Strategy">What is emitted at a flush.</param>
/// <param name="SampleRate">
/// With <see cref="WindowStrategy.Sample"/>: of how many records of an entity one is emitted.
/// </param>
internal sealed record WindowSpec(TimeSpan Every, WindowStrategy Strategy, int SampleRate = 1);

/// <summary>What a wall-clock window emits at a flush.</summary>
internal enum WindowStrategy
{
    /// <summary>The last record of each entity, in order of arrival, not of event time.</summary>
    Latest,

    /// <summary>
    /// Every N-th record of each entity, in order of arrival. The count of an idle entity is forgotten.
    /// </summary>
    Sample,
}
