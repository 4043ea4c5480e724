namespace StreamActors.Pipelines.RideShare.Simulation;

/// <summary>Takes an event of a simulated city. The bytes are valid during the call only.</summary>
/// <param name="topic">The topic that it belongs to.</param>
/// <param name="key">The record's key.</param>
/// <param name="value">The record's value.</param>
public delegate void EventSink(RideShareTopic topic, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);
