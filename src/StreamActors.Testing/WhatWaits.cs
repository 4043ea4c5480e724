using System.Text;
using StreamActors.Shards;

namespace StreamActors.Testing;

/// <summary>Says why nothing comes: what waits in the pipeline, and for what.</summary>
internal static class WhatWaits
{
    private const int Shown = 10;

    /// <summary>A line each for what waits in stages and for sinks; a sentence where nothing does.</summary>
    public static string Of(Surroundings around, IEnumerable<(string Topic, Kept Kept, TimeSpan? Due)> kept)
    {
        var text = new StringBuilder();
        var all = kept.DistinctBy(static each => each.Kept)
            .OrderBy(static each => each.Due ?? TimeSpan.MaxValue).ToList();
        var now = TraceLog.Show(around.Time.Elapsed);
        foreach (var (topic, one, due) in all.Take(Shown))
        {
            text.Append($"waits: {topic} {TraceLog.Show(one.Key)}: {one.What}");
            if (due is { } at)
            {
                text.Append($", due at {TraceLog.Show(at)}; now is {now}: Advance further");
            }

            text.Append('\n');
        }

        text.Append(all.Count > Shown ? $"waits: {all.Count - Shown} more\n" : "");
        foreach (var trouble in around.SinkTroubles)
        {
            text.Append($"waits: {trouble}\n");
        }

        return text.Length > 0 ? text.ToString() : "Nothing waits: time alone brings no output.\n";
    }
}
