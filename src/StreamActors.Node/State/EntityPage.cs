using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using StreamActors.Entities;
using StreamActors.Node.Cli;
using StreamActors.Shards;

namespace StreamActors.Node.State;

/// <summary>What is stored of an entity, for people.</summary>
internal static class EntityPage
{
    private const int HexBytes = 1024;

    // It is read by people, not by browsers.
    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>An entity with its state and its timers.</summary>
    public static string Of(FoundEntity found, DateTimeOffset now)
    {
        var used = DateTimeOffset.FromUnixTimeMilliseconds(found.Entity.LastUsed);
        var text = new StringBuilder()
            .AppendLine($"{Ink.Strong($"{found.Kind} {KeyOf(found)}")} in {found.Shard.Shard}, last used "
                + $"{Say.Moment(used)} ({Say.Ago(now - used)})")
            .AppendLine(StateOf(found.Entity.State));
        foreach (var timer in found.Entity.Timers)
        {
            var due = DateTimeOffset.FromUnixTimeMilliseconds(timer.At);
            text.AppendLine($"timer \"{timer.Name}\" "
                + (timer.ByEventTime ? $"when records carry {Say.Moment(due)}" : $"at {Say.Moment(due)}"));
        }

        return text.ToString();
    }

    /// <summary>Its key: short, and never a control sequence.</summary>
    public static string KeyOf(FoundEntity found) => KeyText.Of(EntityKey.Show(found.Key.Span));

    /// <summary>A state that is JSON; null where it is not.</summary>
    public static JsonElement? JsonOf(byte[] state)
    {
        var reader = new Utf8JsonReader(state);
        try
        {
            return JsonElement.TryParseValue(ref reader, out var parsed) && reader.BytesConsumed == state.Length
                ? parsed
                : null;
        }
        catch (JsonException)
        {
            return null;    // of another codec
        }
    }

    private static string StateOf(byte[] state)
    {
        if (JsonOf(state) is not { } json)
        {
            var more = state.Length > HexBytes ? $"… ({HexBytes} shown)" : "";
            return $"{Say.Of(state.Length, "byte")}, no JSON: "
                + $"{Convert.ToHexString(state.AsSpan(0, Math.Min(state.Length, HexBytes)))}{more}";
        }

        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text, Indented))
        {
            json.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }
}
