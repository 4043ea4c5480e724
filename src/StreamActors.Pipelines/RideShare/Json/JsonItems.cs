namespace StreamActors.Pipelines.RideShare.Json;

/// <summary>The items of an array that has been read once and is known to be JSON; of anything else, none.</summary>
internal ref struct JsonItems
{
    private readonly int start;
    private JsonScanner scanner;
    private bool open;

    /// <summary>Stands before the first item.</summary>
    public JsonItems(JsonToken token, ReadOnlySpan<byte> bytes)
    {
        start = token.Start;
        scanner = new JsonScanner(token.In(bytes));
        open = token.Kind is JsonKind.Array or JsonKind.Pair && scanner.TryTake((byte)'[');
    }

    /// <summary>Steps to the next item.</summary>
    /// <param name="item">Where it lies in the record.</param>
    public bool TryNext(out JsonToken item)
    {
        item = default;
        if (!open)
        {
            return false;
        }

        scanner.SkipSpace();
        if (scanner.TryTake((byte)']'))
        {
            open = false;
            return false;
        }

        scanner.TryReadValue(out var token);
        item = token with { Start = token.Start + start };
        scanner.SkipSpace();
        scanner.TryTake((byte)',');
        return true;
    }
}
