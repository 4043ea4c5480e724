using System.Globalization;

namespace StreamActors.Configuration;

/// <summary>
/// A time span as people write it: <c>500ms</c>, <c>5s</c>, <c>2m</c>, <c>1.5h</c>, <c>7d</c>, or <c>00:00:05</c>. A
/// bare number is none: in .NET's own notation <c>5</c> is five days.
/// </summary>
internal static class Duration
{
    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)),
        ("d", TimeSpan.FromDays(1)),
    ];

    /// <summary>Reads a time span.</summary>
    public static bool TryRead(string text, out TimeSpan span)
    {
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out span);
        }

        span = default;
        var unit = text.TrimStart("+-.0123456789".ToCharArray());
        if (Array.Find(Units, each => each.Unit == unit.Trim()) is not { Unit: not null } found
            || !decimal.TryParse(text[..^unit.Length], CultureInfo.InvariantCulture, out var number)
            || Math.Abs(number) > long.MaxValue / found.Length.Ticks)
        {
            return false;
        }

        span = TimeSpan.FromTicks((long)(number * found.Length.Ticks));
        return true;
    }

    /// <summary>The shortest of these forms: in the largest unit that needs no fraction.</summary>
    public static string Write(TimeSpan span)
    {
        var unit = Array.FindLast(Units, each => span.Ticks % each.Length.Ticks == 0);
        return span == TimeSpan.Zero ? "0s"
            : unit.Unit is null ? span.ToString("c", CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{span.Ticks / unit.Length.Ticks}{unit.Unit}");
    }
}
