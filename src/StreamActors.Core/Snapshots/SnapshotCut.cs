using StreamActors.Sinks;

namespace StreamActors.Snapshots;

/// <summary>
/// What the parts of a shard say at a cut between two turns: what has changed since the one before it, or all. The
/// turn fills it; the bytes are copies, so turns go on while they wait to be saved.
/// </summary>
internal sealed class SnapshotCut
{
    private readonly List<SavedPart> parts = [];
    private readonly List<LogWrite> logs = [];
    private readonly List<LogTrim> trims = [];
    private readonly List<Origin> carried = [];
    private string part = "";

    /// <summary>Whether all is wanted, and not only what has changed.</summary>
    public required bool IsWhole { get; init; }

    /// <summary>The turn's wall-clock time, in milliseconds since 1970 (UTC).</summary>
    public required long UtcNow { get; init; }

    /// <summary>Takes what the part replaces as a whole at each cut: keep it small.</summary>
    public SnapshotWriter Head { get; private set; } = new();

    /// <summary>Takes changed and removed keys of the part.</summary>
    public StateChunkWriter Keys { get; } = new();

    /// <summary>
    /// The records that are not done and that the cut holds: whoever restores it handles them again.
    /// </summary>
    public IReadOnlyList<Origin> Carried => carried;

    /// <summary>Lets a part say what it has.</summary>
    public void Add(IStateful stateful)
    {
        part = stateful.Name;
        Head = new SnapshotWriter();
        Keys.Begin(part);
        stateful.Cut(this);
        parts.Add(new SavedPart(part, stateful.IsKeyed, stateful.Log, Head.Written));
    }

    /// <summary>The part holds a record, and has said all that it takes to handle it again.</summary>
    public void Carry(Origin origin) => carried.Add(origin);

    /// <summary>Bytes of the part's log.</summary>
    public void WriteLog(long position, ReadOnlyMemory<byte> bytes) => logs.Add(new LogWrite(part, position, bytes));

    /// <summary>The part's log is not needed below a position.</summary>
    public void TrimLog(long below) => trims.Add(new LogTrim(part, below));

    /// <summary>The cut as a store takes it.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="head">Its head, without the parts.</param>
    public ShardSave ToSave(long number, ShardHead head) => new()
    {
        Number = number,
        IsWhole = IsWhole,
        Head = (head with { Parts = parts }).ToBytes(),
        Keys = Keys.Keys,
        Chunks = Keys.TakeAll(),
        Logs = logs,
        Trims = trims,
    };
}
