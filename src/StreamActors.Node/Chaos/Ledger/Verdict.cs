namespace StreamActors.Node.Chaos;

/// <summary>What was going on for a while: a fault, two at once, or peace.</summary>
/// <param name="Name">Its name; the same whenever it happens again.</param>
/// <param name="From">When it began, in milliseconds of Unix time; it ends where the next one begins.</param>
/// <param name="MayRepeat">Whether records may come out twice: a crash, or an outcome that nobody knows.</param>
internal sealed record FaultSpan(string Name, long From, bool MayRepeat);

/// <summary>Which promise broke.</summary>
internal enum Promise
{
    /// <summary>An effect never came out.</summary>
    Loss,

    /// <summary>An effect came out again where it may not, or one that was committed long before.</summary>
    Duplicate,

    /// <summary>An effect came out before the one in front of it.</summary>
    Order,

    /// <summary>A state was not that of exactly the effects up to there.</summary>
    State,

    /// <summary>A timer that was set did not fire.</summary>
    Timer,

    /// <summary>Something came out that nobody put in.</summary>
    Origin,

    /// <summary>A process did what it was not told to, or did not do what it was.</summary>
    Process,
}

/// <summary>A promise that broke, where and how.</summary>
/// <param name="Promise">Which.</param>
/// <param name="Span">What was going on.</param>
/// <param name="Sentence">What is wrong, with the key and the number of the effect.</param>
internal sealed record Breach(Promise Promise, string Span, string Sentence);

/// <summary>What happened under one kind of fault.</summary>
/// <param name="Name">The fault's name.</param>
internal sealed record FaultRow(string Name)
{
    /// <summary>How often it happened.</summary>
    public int Times { get; set; }

    /// <summary>Outputs while it did, until the next fault.</summary>
    public long Records { get; set; }

    /// <summary>Effects that never came out.</summary>
    public long Lost { get; set; }

    /// <summary>Outputs that came again.</summary>
    public long Duplicated { get; set; }

    /// <summary>Outputs in front of the one that is before them.</summary>
    public long OutOfOrder { get; set; }

    /// <summary>Outputs of a state that is not the fold of its effects.</summary>
    public long WrongState { get; set; }

    /// <summary>Outputs of an epoch behind the first output of the next one of its partition.</summary>
    public long Late { get; set; }

    /// <summary>The longest time that a partition was silent.</summary>
    public TimeSpan LongestSilence { get; set; }
}

/// <summary>What became of all that was produced.</summary>
/// <param name="Rows">A row a kind of fault, in the order in which they first happened.</param>
/// <param name="Breaches">What broke; none is right.</param>
internal sealed record Verdict(IReadOnlyList<FaultRow> Rows, IReadOnlyList<Breach> Breaches)
{
    /// <summary>Nodes that the group took for dead though no fault did that.</summary>
    public IReadOnlyList<LostMembership> Unplanned { get; init; } = [];
}
