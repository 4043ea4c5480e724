namespace StreamActors;

/// <summary>
/// What a shard does whose store, when it comes to this node, does not have what its committed offset stands for: the
/// store was emptied, restored from an older copy, or failed over to one that lagged behind.
/// </summary>
public enum LostState
{
    /// <summary>
    /// It goes back to the last snapshot that there is: the records since are handled again, and what they emit comes
    /// again. Where there is none at all, it stands still, unless all that it kept were ids of dedup.
    /// </summary>
    Rewind,

    /// <summary>It stands still, and says why, until somebody has decided.</summary>
    Fail,

    /// <summary>
    /// It begins empty at the committed offset, also where a snapshot is damaged or of an unknown form; unless its
    /// store can give it to no owner, and says so: its keys must be deleted then.
    /// </summary>
    Discard,
}
