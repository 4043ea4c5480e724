using System.Text;
using StreamActors.Snapshots;

namespace StreamActors.Tests;

/// <summary>
/// What a shard should be like: changes to it are collected into saves, and a store's answers are compared with it.
/// Each save's head names its number.
/// </summary>
internal sealed class ShardModel
{
    private readonly SortedDictionary<string, Dictionary<string, byte[]>> parts = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, (long Start, List<byte> Bytes)> logs = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Dictionary<string, byte[]?>> changed = new(StringComparer.Ordinal);
    private readonly List<LogWrite> writes = [];
    private readonly List<LogTrim> trims = [];

    public long Number { get; set; }

    public ReadOnlyMemory<byte> Head => Encoding.UTF8.GetBytes($"head of {Number}");

    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public static string Text(ReadOnlyMemory<byte> bytes) => Encoding.Latin1.GetString(bytes.Span);

    public ShardModel Put(string part, string key, byte[] value)
    {
        Of(parts, part)[key] = value;
        Of(changed, part)[key] = value;
        return this;
    }

    public ShardModel Put(string part, string key, string value) => Put(part, key, Bytes(value));

    public ShardModel Remove(string part, string key)
    {
        Of(parts, part).Remove(key);
        Of(changed, part)[key] = null;
        return this;
    }

    public ShardModel Append(string log, byte[] bytes)
    {
        var (start, all) = logs.GetValueOrDefault(log, (0, []));
        writes.Add(new LogWrite(log, start + all.Count, bytes));
        all.AddRange(bytes);
        logs[log] = (start, all);
        return this;
    }

    public ShardModel Trim(string log, long below)
    {
        var (start, all) = logs[log];
        all.RemoveRange(0, (int)(below - start));
        logs[log] = (below, all);
        trims.Add(new LogTrim(log, below));
        return this;
    }

    /// <summary>The changes since the last one, as the save that follows it.</summary>
    public ShardSave Save() => Save(isWhole: false, changed, writes, trims);

    /// <summary>All of it.</summary>
    public ShardSave SaveWhole() => Save(
        isWhole: true,
        parts.Select(static part => KeyValuePair.Create(
            part.Key, part.Value.ToDictionary(static each => each.Key, static each => (byte[]?)each.Value))),
        [.. logs.Select(static log => new LogWrite(log.Key, log.Value.Start, log.Value.Bytes.ToArray()))],
        []);

    /// <summary>Fails where the state of an owner is another than this.</summary>
    public async Task VerifyAsync(IShardState state)
    {
        foreach (var (part, expected) in parts)
        {
            var seen = new Dictionary<string, ReadOnlyMemory<byte>>();
            var cursor = "";
            do
            {
                var page = await state.ScanAsync(part, cursor, default);
                page.Keys.ShouldBe(expected.Count);
                page.Entries.ToList().ForEach(entry => seen[Text(entry.Key)] = entry.Value);
                cursor = page.Cursor;
            }
            while (cursor.Length > 0);
            seen.Keys.Order(StringComparer.Ordinal).ShouldBe(expected.Keys.Order(StringComparer.Ordinal));
            Differing(seen.Keys, key => seen[key], expected).ShouldBeEmpty();

            string[] keys = [.. expected.Keys, "no such key"];
            var values = await state.GetAsync(part, [.. keys.Select(static key => Memory(key))], default);
            values.Count.ShouldBe(keys.Length);
            values[^1].ShouldBeNull();
            var got = keys.Zip(values).SkipLast(1).ToDictionary(static each => each.First, static each => each.Second);
            Differing(got.Keys, key => got[key].ShouldNotBeNull(key), expected).ShouldBeEmpty();
        }

        foreach (var (log, (start, expected)) in logs)
        {
            var read = await state.ReadLogAsync(log, start, start + expected.Count, default);
            read.Span.SequenceEqual(expected.ToArray()).ShouldBeTrue($"{log} from {start}");
        }
    }

    /// <summary>As <see cref="VerifyAsync"/>, of what a claim has just found; with the number and the head.</summary>
    public async Task VerifyClaimAsync(IShardState state)
    {
        state.Number.ShouldBe(Number);
        Text(state.Head).ShouldBe(Text(Head));
        await VerifyAsync(state);
    }

    private static List<string> Differing(
        IEnumerable<string> keys, Func<string, ReadOnlyMemory<byte>> seen, Dictionary<string, byte[]> expected) =>
        [.. keys.Where(key => !seen(key).Span.SequenceEqual(expected[key]))];

    private static ReadOnlyMemory<byte> Memory(string key) => Bytes(key);

    private ShardSave Save(
        bool isWhole,
        IEnumerable<KeyValuePair<string, Dictionary<string, byte[]?>>> entries,
        IReadOnlyList<LogWrite> logWrites,
        IReadOnlyList<LogTrim> logTrims)
    {
        var writer = new StateChunkWriter();
        foreach (var (part, keys) in entries)
        {
            writer.Begin(part);
            foreach (var (key, value) in keys)
            {
                if (value is null)
                {
                    writer.Remove(Bytes(key));
                }
                else
                {
                    writer.Put(Bytes(key), value);
                }
            }
        }

        Number++;
        var save = new ShardSave
        {
            Number = Number,
            IsWhole = isWhole,
            Head = Head,
            Chunks = writer.TakeAll(),
            Logs = [.. logWrites],
            Trims = [.. logTrims],
        };
        changed.Clear();
        writes.Clear();
        trims.Clear();
        return save;
    }

    private static Dictionary<string, T> Of<T>(SortedDictionary<string, Dictionary<string, T>> all, string part)
    {
        if (!all.TryGetValue(part, out var found))
        {
            all[part] = found = [];
        }

        return found;
    }
}
