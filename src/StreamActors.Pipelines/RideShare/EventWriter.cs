using System.Buffers;
using StreamActors.Pipelines.RideShare.Json;

namespace StreamActors.Pipelines.RideShare;

/// <summary>
/// Writes an event as the original publishes it: the fields in declaration order, the missing optional ones as null,
/// numbers coerced, nothing else; compact, in UTF-8. What lies in the record just as it must leave is copied in one
/// piece, usually all of it but the end.
/// </summary>
/// <remarks>
/// Room is asked for once. A value takes at most four times the bytes that it has in the record (<c>1,</c> becomes
/// <c>1.0,</c>; <c>"1e14",</c> becomes <c>100000000000000.0,</c>), and a field that is not in the record takes what
/// <see cref="EventSchema.Overhead"/> counts.
/// </remarks>
internal static class EventWriter
{
    private const int Growth = 4;

    /// <summary>Writes an event.</summary>
    /// <param name="value">The event.</param>
    /// <param name="newId">Makes the id of an event that has none.</param>
    /// <param name="output">Takes the bytes.</param>
    public static void Write(scoped in RideEvent value, Func<Guid> newId, IBufferWriter<byte> output)
    {
        var schema = value.Schema;
        var cursor = new Cursor(output.GetSpan((Growth * value.Bytes.Length) + schema.Overhead));
        var field = value.VerbatimFields;
        if (field > 0)
        {
            cursor.Put(value.Bytes[..value.Tokens[field - 1].End]);
        }
        else
        {
            cursor.Put(schema.Members[0]);
            cursor.PutId(value.EventId ?? Uuid.FromGuid(newId()));
            field = 1;
        }

        for (; field < value.FieldsEnd; field++)
        {
            PutField(ref cursor, in value, field);
        }

        cursor.Put(schema.TailFrom(field));
        output.Advance(cursor.Used);
    }

    private static void PutField(scoped ref Cursor cursor, scoped in RideEvent value, int index)
    {
        var field = value.Schema.Fields[index];
        var token = value.Tokens[index];
        if (token.Kind == JsonKind.None && field.Presence == Presence.Extra)
        {
            return;
        }

        cursor.Put(field.MemberStart);
        if (token.Kind == JsonKind.None)
        {
            cursor.Put(field.Default);
        }
        else if (FieldRules.LeavesAsItCame(field, token))
        {
            cursor.Put(token.In(value.Bytes));
        }
        else
        {
            PutValue(ref cursor, field.Kind, token, value.Bytes);
        }
    }

    private static void PutValue(scoped ref Cursor cursor, FieldKind kind, JsonToken token, ReadOnlySpan<byte> bytes)
    {
        switch (kind)
        {
            case FieldKind.Integer:
                cursor.PutWhole(token, bytes);
                break;
            case FieldKind.Float:
                cursor.PutFloat(token, bytes);
                break;
            case FieldKind.Location:
                PutList(ref cursor, FieldKind.Float, token, bytes);
                break;
            case FieldKind.Route:
                PutList(ref cursor, FieldKind.Location, token, bytes);
                break;
            case FieldKind.TextList:
                PutList(ref cursor, FieldKind.Text, token, bytes);
                break;
            default:
                cursor.Put(token.In(bytes));
                break;
        }
    }

    private static void PutList(scoped ref Cursor cursor, FieldKind kind, JsonToken token, ReadOnlySpan<byte> bytes)
    {
        cursor.Put("["u8);
        var items = new JsonItems(token, bytes);
        for (var first = true; items.TryNext(out var item); first = false)
        {
            if (!first)
            {
                cursor.Put(","u8);
            }

            PutValue(ref cursor, kind, item, bytes);
        }

        cursor.Put("]"u8);
    }

    /// <summary>The room that is being filled.</summary>
    private ref struct Cursor(Span<byte> room)
    {
        private readonly Span<byte> room = room;

        /// <summary>How many bytes are filled.</summary>
        public int Used { get; private set; }

        private readonly Span<byte> Rest => room[Used..];

        public void Put(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(Rest);
            Used += bytes.Length;
        }

        public void PutId(UInt128 id)
        {
            var rest = Rest;
            rest[0] = (byte)'"';
            Uuid.Write(id, rest.Slice(1, Uuid.TextLength));
            rest[Uuid.TextLength + 1] = (byte)'"';
            Used += Uuid.TextLength + 2;
        }

        /// <summary>
        /// Keeps the digits of what is a float already, and of an integer, which only gets its fraction.
        /// </summary>
        public void PutFloat(JsonToken token, ReadOnlySpan<byte> bytes)
        {
            switch (token.Kind)
            {
                case JsonKind.Fraction or JsonKind.Exponent:
                    Put(token.In(bytes));
                    break;
                case JsonKind.Integer:
                    Put(token.In(bytes));
                    Put(".0"u8);
                    break;
                case JsonKind.MinusZero:
                    Put("0.0"u8);
                    break;
                default:
                    LooseNumber.TryRead(token, bytes, out var number);
                    Used += LooseNumber.Write(number, Rest);
                    break;
            }
        }

        public void PutWhole(JsonToken token, ReadOnlySpan<byte> bytes)
        {
            LooseNumber.TryReadWhole(token, bytes, Rest, out var length);
            Used += length;
        }
    }
}
