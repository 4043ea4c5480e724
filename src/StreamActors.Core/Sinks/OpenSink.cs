using StreamActors.Metrics;

namespace StreamActors.Sinks;

/// <summary>A sink that a pipeline has open, with what all its lanes share.</summary>
/// <param name="Connector">The name of the connector that opened it, by which routes refer to it.</param>
/// <param name="Sink">The sink.</param>
/// <param name="Gate">The circuit breaker in front of it.</param>
/// <param name="Counters">What became of the outputs to it.</param>
internal sealed record OpenSink(string Connector, ISink Sink, SinkGate Gate, SinkCounters Counters);
