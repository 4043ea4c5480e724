using System.CommandLine.Parsing;
using System.Globalization;

namespace StreamActors.Node.State;

/// <summary>Where a group is to begin.</summary>
/// <param name="Text">As it was asked for.</param>
internal sealed record ResetTarget(string Text)
{
    /// <summary>At the first records that there are.</summary>
    public bool IsEarliest { get; private init; }

    /// <summary>Behind the last ones.</summary>
    public bool IsLatest { get; private init; }

    /// <summary>At the first record of this time or later.</summary>
    public DateTimeOffset? Time { get; private init; }

    /// <summary>At this offset of every partition.</summary>
    public long? Offset { get; private init; }

    /// <summary>Parses the only value of an option.</summary>
    public static ResetTarget? Parse(ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        switch (text)
        {
            case "earliest":
                return new ResetTarget(text) { IsEarliest = true };
            case "latest":
                return new ResetTarget(text) { IsLatest = true };
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            return new ResetTarget(text) { Offset = offset };
        }

        // Without a zone it would be another moment on every machine.
        if (DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time)
            && time.Kind != DateTimeKind.Unspecified)
        {
            return new ResetTarget(text) { Time = new DateTimeOffset(time) };
        }

        result.AddError(
            $"--to is \"{text}\": it must be earliest, latest, an offset, or a time with its zone, such as "
            + "2026-01-31T12:00:00Z or 2026-01-31T12:00:00+01:00.");
        return null;
    }
}
