namespace StreamActors.Node.Cli;

/// <summary>How numbers and times are written for people.</summary>
internal static class Say
{
    /// <summary>A number with its thousands apart.</summary>
    public static string Count(long number) => number.ToString("N0", null);

    /// <summary>A rate, in so many digits as one reads.</summary>
    public static string Rate(double perSecond) => $"{Count((long)Math.Round(perSecond))}/s";

    /// <summary>A share of one, or a dash where there is none.</summary>
    public static string Ratio(double? share) => share is { } value ? value.ToString("0.00", null) : "–";

    /// <summary>A latency.</summary>
    public static string Milliseconds(TimeSpan time) => time.TotalMilliseconds < 10
        ? $"{time.TotalMilliseconds:0.0} ms"
        : $"{Count((long)time.TotalMilliseconds)} ms";

    /// <summary>A time since a start.</summary>
    public static string Clock(TimeSpan time) => $"{(int)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}";

    /// <summary>An amount of memory.</summary>
    public static string Megabytes(long bytes) => $"{Count(bytes / 1_000_000)} MB";

    /// <summary>An amount of stored bytes, in so many digits as one reads.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 10_000 => $"{Count(bytes)} B",
        < 10_000_000 => $"{Count(bytes / 1000)} KB",
        _ => Megabytes(bytes),
    };

    /// <summary>A moment of the calendar (UTC).</summary>
    public static string Moment(DateTimeOffset at) => at.ToString("u", null);

    /// <summary>How long ago something was.</summary>
    public static string Ago(TimeSpan age) => age.TotalSeconds switch
    {
        < 0 => "in the future",
        < 120 => $"{(int)age.TotalSeconds} s ago",
        < 7200 => $"{(int)age.TotalMinutes} min ago",
        < 172_800 => $"{(int)age.TotalHours} h ago",
        _ => $"{(int)age.TotalDays} days ago",
    };

    /// <summary>A number of things.</summary>
    public static string Of(long number, string one, string? many = null) =>
        $"{Count(number)} {(number == 1 ? one : many ?? $"{one}s")}";
}
