using System.Text;

namespace StreamActors.Node.Cli;

/// <summary>Columns that line up, for people and for <c>awk</c>: no borders, numbers to the right.</summary>
internal sealed class TextTable(params string[] header)
{
    private const string Gap = "  ";

    private readonly List<string[]> rows = [];

    /// <summary>Adds a row.</summary>
    public void Add(params string[] cells) => rows.Add(cells);

    /// <summary>The table as text, a line a row.</summary>
    public override string ToString()
    {
        var widths = header.Select((title, column) =>
            rows.Select(row => row[column].Length).Append(title.Length).Max()).ToArray();
        var isNumber = header.Select((_, column) =>
            rows.Count > 0 && rows.All(row => row[column].Length == 0 || char.IsAsciiDigit(row[column][0]))).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows.Prepend(header))
        {
            var cells = row.Select((cell, column) =>
                isNumber[column] ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
            text.AppendLine(string.Join(Gap, cells).TrimEnd());
        }

        return text.ToString();
    }
}
