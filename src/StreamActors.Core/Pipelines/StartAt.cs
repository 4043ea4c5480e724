namespace StreamActors;

/// <summary>Where a group starts that has never committed an offset for a topic.</summary>
public enum StartAt
{
    /// <summary>At the first record that the topic still has.</summary>
    Earliest,

    /// <summary>Behind the last record that the topic has now; from then on nothing is skipped.</summary>
    Latest,
}
