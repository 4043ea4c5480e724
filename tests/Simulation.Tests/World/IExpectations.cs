namespace StreamActors.Simulation.Tests.World;

/// <summary>The model of one owned partition: it checks every delivery and every commit.</summary>
internal interface IExpectations
{
    /// <summary>Counts the runs of the partition in this member: a seek begins another.</summary>
    int Run { get; }

    /// <summary>Whether it is known where the partition starts.</summary>
    bool IsStarted { get; }

    /// <summary>The next offset to read; negative while the start is not known.</summary>
    long Position { get; }

    /// <summary>How many records were read that are, or come after, one that is not done.</summary>
    int ReadAhead { get; }

    /// <summary>Reading goes on elsewhere: with a cut log further on, else in a new run from there.</summary>
    void Seek(long offset, bool logWasCut);

    /// <summary>The member reads a record.</summary>
    void Read(SimulatedRecord record);

    /// <summary>The call for a record must fail, whatever the record wishes: it is given up.</summary>
    void GiveUp(long offset);

    /// <summary>An output reaches its sink.</summary>
    void Deliver(string sink, string kind, SimulatedRecord cause);

    /// <summary>A sink has acknowledged an output.</summary>
    void Acknowledge(string sink, string kind, SimulatedRecord cause);

    /// <summary>A sink has taken a batch but for an output of a record: the dead letter of that is owed.</summary>
    void Refuse(string sink, long offset);

    /// <summary>A commit begins.</summary>
    void CheckCommit(long offset);
}
