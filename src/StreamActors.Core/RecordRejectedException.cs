namespace StreamActors;

/// <summary>
/// User code rejects the record that it is given: thrown in <c>On</c>, <c>MapAsync</c>, <c>FlatMap</c>, <c>Map</c>,
/// <c>Where</c>, <c>EventTime</c> or a target's functions. The record counts as rejected, not as failed: it is a dead
/// letter like one that its codec refuses, and a warning tells of it without a stack. The call leaves no trace, and is
/// never tried again. In <c>OnTimer</c> there is no record to reject: there the timer has failed, as by any exception.
/// A throw costs far more than a value that <c>Require</c> refuses: prefer that where the value alone decides.
/// </summary>
#pragma warning disable CA1032 // Without a field and a problem nobody could say why.
public sealed class RecordRejectedException : Exception
#pragma warning restore CA1032
{
    /// <summary>Rejects a record.</summary>
    /// <param name="field">The field, or empty when the record as a whole is wrong.</param>
    /// <param name="problem">What is wrong with it, as the end of a sentence, such as <c>is unknown</c>.</param>
    public RecordRejectedException(string field, string problem)
        : base(new Rejection(field, problem).ToString()) => Rejection = new(field, problem);

    /// <summary>Which field, and what is wrong with it.</summary>
    public Rejection Rejection { get; }
}
