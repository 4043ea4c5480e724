using StreamActors.Records;

namespace StreamActors.Sources;

/// <summary>
/// The client port: one member of one consumer group. All decisions (where to start, what to hold, when to commit, how
/// to drain) are the engine's; an implementation only carries them out, so that a simulated client can stand in its
/// place.
/// <para>
/// Threads: every method but <see cref="Wake"/> is called by the pipeline's poll thread alone. The implementation calls
/// <see cref="IGroupEvents"/> only inside <see cref="Poll"/> and <see cref="Close"/>, on that thread.
/// </para>
/// <para>
/// Failures: metadata and transient errors are ridden out inside, and reported once, not per retry. An error that the
/// member cannot survive is reported by <see cref="IGroupEvents.Failed"/>; the engine then disposes it and opens
/// another.
/// </para>
/// </summary>
internal interface IGroupConsumer : IDisposable
{
    /// <summary>Joins the group for these topics. Called once, before the first <see cref="Poll"/>.</summary>
    void Subscribe(IReadOnlyList<string> topics);

    /// <summary>
    /// Serves the group: rebalances are handled inside the call. Returns as soon as something was served, records are
    /// there to read in a partition whose last <see cref="Read"/> found none, <see cref="Wake"/> was called, or
    /// <paramref name="wait"/> has passed; records that wait in a partition that is not read do not end the wait.
    /// </summary>
    void Poll(TimeSpan wait);

    /// <summary>
    /// Ends a <see cref="Poll"/> that waits, or the next one. Any thread may call it; it never blocks.
    /// </summary>
    void Wake();

    /// <summary>
    /// Appends records of an owned partition to the batch, in offset order, until nothing more is there or the batch
    /// has reached one of the limits. Never waits.
    /// </summary>
    /// <returns>How many records were appended.</returns>
    int Read(PartitionId partition, RecordBatch batch, int maxRecords, int maxBytes);

    /// <summary>
    /// The group's committed offsets of all partitions of a topic that exist now; null where there is none; and whether
    /// they were committed as such that a store has state for. Asks the broker, for at most <paramref name="limit"/>.
    /// </summary>
    /// <exception cref="SourceException">The broker did not answer.</exception>
    IReadOnlyList<(PartitionId Partition, long? Committed, bool HasState)> CommittedOffsets(
        string topic, TimeSpan limit);

    /// <summary>The first offset of a partition and the one behind its last. Asks the broker.</summary>
    /// <exception cref="SourceException">The broker did not answer.</exception>
    (long First, long End) Bounds(PartitionId partition, TimeSpan limit);

    /// <summary>
    /// How many records lie behind the offset, by what the client last heard from the broker; null when it has not
    /// heard yet. Asks nobody.
    /// </summary>
    long? Lag(PartitionOffset position);

    /// <summary>
    /// The group's generation (under KIP-848 the member's epoch) as the client knows it now: who owns a partition later
    /// has a higher one. It begins anew with a group that was made again. Asks nobody.
    /// </summary>
    long Generation { get; }

    /// <summary>
    /// After how long without a sign of life the group takes the member for dead, as far as it is known; infinite where
    /// it never does. Asks nobody.
    /// </summary>
    TimeSpan SessionTimeout { get; }

    /// <summary>Moves an owned partition to another offset; what was fetched and not read is dropped.</summary>
    void Seek(PartitionOffset position);

    /// <summary>
    /// Commits offsets; completes when the group's coordinator has acknowledged them. Does not block. Commits are
    /// carried out one after the other, in the order of the calls.
    /// </summary>
    /// <param name="offsets">The offsets.</param>
    /// <param name="withState">
    /// Those of the partitions for which a store has state: the group keeps that with the offset. Null = none.
    /// </param>
    /// <exception cref="SourceException">
    /// The commit failed, as the task's result: the offsets are not committed.
    /// </exception>
    Task CommitAsync(IReadOnlyList<PartitionOffset> offsets, IReadOnlyCollection<PartitionId>? withState = null);

    /// <summary>Leaves the group; partitions still owned are revoked inside the call.</summary>
    void Close();
}

/// <summary>What a group tells its member. No method throws.</summary>
internal interface IGroupEvents
{
    /// <summary>
    /// Partitions were assigned. Returns from where to read each of them; -1 = nowhere yet, the engine seeks later. One
    /// that has an offset may still wait for a co-partition before it is read.
    /// </summary>
    IReadOnlyList<PartitionOffset> Assigned(IReadOnlyList<PartitionId> partitions);

    /// <summary>
    /// Partitions are about to go to another member: when this returns, nothing of theirs is under way.
    /// </summary>
    void Revoked(IReadOnlyList<PartitionId> partitions);

    /// <summary>
    /// Partitions went without a hand-over (session expired, fenced): drop everything, commit nothing.
    /// </summary>
    void Lost(IReadOnlyList<PartitionId> partitions);

    /// <summary>
    /// The next offset of a partition does not exist in its log: the log was cut in front of it (retention), or the
    /// topic was made again and ends before it. The engine answers by <see cref="IGroupConsumer.Seek"/>, later.
    /// </summary>
    void OutOfRange(PartitionId partition);

    /// <summary>The member cannot go on.</summary>
    /// <param name="reason">A sentence with the remedy where there is one.</param>
    void Failed(string reason);
}

/// <summary>The broker did not do what it was asked: the message says which, and why.</summary>
internal sealed class SourceException : Exception
{
    /// <summary>Makes an exception without a message.</summary>
    public SourceException()
    {
    }

    /// <summary>Makes an exception with a message.</summary>
    public SourceException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception with a message and its cause.</summary>
    public SourceException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The topic that it is about; null = no one in particular.</summary>
    public string? Topic { get; init; }
}
