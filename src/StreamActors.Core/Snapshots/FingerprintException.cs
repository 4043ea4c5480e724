namespace StreamActors.Snapshots;

/// <summary>The state that is stored is not that of this program: it must not go on.</summary>
internal sealed class FingerprintException : Exception
{
    /// <summary>Makes it without a reason.</summary>
    public FingerprintException()
    {
    }

    /// <summary>Makes it with the differences and the ways out.</summary>
    public FingerprintException(string message)
        : base(message)
    {
    }

    /// <summary>Makes it with the reason and what caused it.</summary>
    public FingerprintException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
