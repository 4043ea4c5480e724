namespace StreamActors.Node.Chaos;

/// <summary>How a run stands: written by the run, shown by a view.</summary>
internal sealed class ChaosState(ChaosOptions options)
{
    private readonly long startedAt = TimeProvider.System.GetTimestamp();
    private readonly Lock gate = new();
    private readonly List<DoneStep> done = [];    // guarded by gate
    private volatile string phase = "";

    /// <summary>What it was asked for.</summary>
    public ChaosOptions Options => options;

    /// <summary>What goes in.</summary>
    public Ledger Ledger { get; } = new(options.Keys);

    /// <summary>What comes out.</summary>
    public History History { get; } = new(options.Keys);

    /// <summary>What goes on now.</summary>
    public string Phase
    {
        get => phase;
        set => phase = value;
    }

    /// <summary>Since the start.</summary>
    public TimeSpan Age => TimeProvider.System.GetElapsedTime(startedAt);

    /// <summary>Processes now.</summary>
    public Func<int> Nodes { get; set; } = static () => 0;

    /// <summary>Effects that have not come out yet.</summary>
    public long Waiting => Ledger.Produced - History.Complete;

    /// <summary>The faults that are over, the newest last.</summary>
    public IReadOnlyList<DoneStep> Done
    {
        get
        {
            lock (gate)
            {
                return [.. done];
            }
        }
    }

    /// <summary>A fault is over.</summary>
    public void Add(DoneStep step)
    {
        lock (gate)
        {
            done.Add(step);
        }
    }
}

/// <summary>A fault that is over.</summary>
/// <param name="Name">Its name.</param>
/// <param name="At">When it began, since the start.</param>
/// <param name="Length">How long it took until it was made good.</param>
/// <param name="Recovery">How long after that all had come out that was produced.</param>
internal sealed record DoneStep(string Name, TimeSpan At, TimeSpan Length, TimeSpan? Recovery);
