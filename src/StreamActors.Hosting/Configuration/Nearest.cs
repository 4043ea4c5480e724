namespace StreamActors.Hosting;

/// <summary>Finds the word that a mistyped one was meant to be.</summary>
internal static class Nearest
{
    /// <summary>The nearest of the words, where it is near enough to be what was meant; otherwise null.</summary>
    public static string? To(string typed, IEnumerable<string> words) => words
        .Select(word => (Word: word, Distance: Distance(typed, word)))
        .Where(pair => pair.Distance <= Math.Max(pair.Word.Length / 3, 1))
        .OrderBy(static pair => pair.Distance)
        .Select(static pair => pair.Word)
        .FirstOrDefault();

    /// <summary>Says which word was probably meant; empty where none is near.</summary>
    public static string Hint(string typed, IEnumerable<string> words) =>
        To(typed, words) is { } word ? $" Did you mean {word}?" : "";

    /// <summary>Letters to insert, delete, replace or swap with their neighbour (optimal string alignment).</summary>
    internal static int Distance(string from, string to)
    {
        var steps = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
        {
            for (var j = 0; j <= to.Length; j++)
            {
                steps[i, j] = i == 0 || j == 0 ? i + j : Best(i, j);
            }
        }

        return steps[from.Length, to.Length];

        int Best(int i, int j)
        {
            var replaced = steps[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
            var best = Math.Min(replaced, Math.Min(steps[i - 1, j], steps[i, j - 1]) + 1);
            return i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]
                ? Math.Min(best, steps[i - 2, j - 2] + 1)
                : best;
        }
    }
}
