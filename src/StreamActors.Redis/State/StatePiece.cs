using System.Globalization;
using StreamActors.Snapshots;

namespace StreamActors.Redis;

/// <summary>
/// What is staged and applied as one: a chunk of a part, or bytes within one block of a log. Where each of a save goes
/// is its plan, a line a piece, which stands in the head: so an owner who finds the save half applied goes on with it.
/// </summary>
/// <param name="Name">The part, or the log.</param>
/// <param name="Block">The log's block; null for a part.</param>
/// <param name="Offset">Where in the block.</param>
/// <param name="Bytes">What is staged; empty where it was read from a plan.</param>
internal readonly record struct StatePiece(string Name, long? Block, int Offset, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Those of a save, in the order in which they are applied.</summary>
    /// <exception cref="ArgumentException">Something of it is larger than Redis is given, or has no name.</exception>
    public static IReadOnlyList<StatePiece> Of(ShardSave save)
    {
        Require(save.Head.Length <= RedisStateStore.MaxHeadBytes,
            $"the head has {save.Head.Length} bytes, and {RedisStateStore.MaxHeadBytes} at most are stored");
        var pieces = new List<StatePiece>(save.Chunks.Count + save.Logs.Count);
        foreach (var chunk in save.Chunks)
        {
            RequireName(chunk.Part);
            Require(chunk.Bytes.Length <= StateChunk.Size + StateChunk.MaxEntry,
                $"a chunk of {chunk.Part} has {chunk.Bytes.Length} bytes: one of its values is above the limit "
                + $"of {StateChunk.MaxEntry}");
            pieces.Add(new StatePiece(chunk.Part, null, 0, chunk.Bytes));
        }

        foreach (var write in save.Logs)
        {
            RequireName(write.Log);
            for (var (at, left) = (write.Position, write.Bytes); !left.IsEmpty;)
            {
                var (block, offset) = Math.DivRem(at, RedisStateStore.BlockBytes);
                var taken = (int)Math.Min(left.Length, RedisStateStore.BlockBytes - offset);
                pieces.Add(new StatePiece(write.Log, block, (int)offset, left[..taken]));
                (at, left) = (at + taken, left[taken..]);
            }
        }

        return pieces;

        static void RequireName(string name) => Require(
            !string.IsNullOrEmpty(name) && !name.Contains('\n', StringComparison.Ordinal),
            $"\"{name}\" is no name of a part or a log");

        static void Require(bool holds, string otherwise)
        {
            if (!holds)
            {
                throw new ArgumentException($"A save cannot be stored: {otherwise}.", nameof(save));
            }
        }
    }

    /// <summary>The plan of these pieces.</summary>
    public static string Plan(IEnumerable<StatePiece> pieces) => string.Join('\n', pieces.Select(static piece =>
        piece.Block is { } block ? $"log {block} {piece.Offset} {piece.Name}" : $"part {piece.Name}"));

    /// <summary>The pieces of a plan.</summary>
    public static IReadOnlyList<StatePiece> OfPlan(string plan) => plan.Length == 0 ? [] :
    [
        .. plan.Split('\n').Select(static line => line.Split(' ', 2) is ["part", var part]
            ? new StatePiece(part, null, 0, default)
            : line.Split(' ', 4) is ["log", var block, var offset, var log]
                ? new StatePiece(log, Number(block), (int)Number(offset), default)
                : throw new StateStoreException($"A plan has a line that is none: {line}.")),
    ];

    /// <summary>The name of its key.</summary>
    public string Target(string atBase) =>
        Block is { } block ? StateKeys.Block(atBase, Name, block) : StateKeys.Part(atBase, Name);

    private static long Number(string digits) => long.Parse(digits, CultureInfo.InvariantCulture);
}
