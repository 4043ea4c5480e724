namespace StreamActors.Hosting;

/// <summary>A reference file, whatever its data.</summary>
internal interface IReferenceFile
{
    /// <summary>Why its first version cannot be used; null where it can.</summary>
    string? Mistake { get; }

    /// <summary>Reads it again if it has changed; one thread at a time.</summary>
    void Refresh();
}
