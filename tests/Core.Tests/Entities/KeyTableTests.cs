using System.Text;
using StreamActors.Entities;

namespace StreamActors.Core.Tests.Entities;

public sealed class KeyTableTests
{
    [Fact]
    public void It_agrees_with_a_dictionary() => Property.Holds(static drawn =>
    {
        var table = new KeyTable(seed: 3);
        var model = new Dictionary<string, int>();
        var most = 0;
        foreach (var number in drawn)
        {
            var key = Key(number / 8 % 90);
            switch (number % 8)
            {
                case < 5:
                    var index = table.GetOrAdd(Encoding.UTF8.GetBytes(key), out var added);
                    added.ShouldBe(model.TryAdd(key, index));
                    model[key].ShouldBe(index);
                    most = Math.Max(most, model.Count);
                    index.ShouldBeLessThan(most, "indexes are dense");
                    break;
                case < 7 when model.Remove(key, out var old):
                    table.RemoveAt(old);
                    break;
                case 7 when number % 64 == 7:
                    table.Clear();
                    model.Clear();
                    most = 0;
                    break;
                default:
                    break;
            }

            table.Count.ShouldBe(model.Count);
            table.Find(Encoding.UTF8.GetBytes(key)).ShouldBe(model.GetValueOrDefault(key, -1));
        }

        foreach (var (key, index) in model)
        {
            table.Find(Encoding.UTF8.GetBytes(key)).ShouldBe(index);
        }
    });

    [Fact]
    public void An_empty_key_survives_compaction()
    {
        var table = new KeyTable(seed: 0);
        var large = Enumerable.Range(0, 200).Select(i => table.GetOrAdd(new byte[100 + i], out _)).ToList();
        var empty = table.GetOrAdd([], out _);
        large.ForEach(table.RemoveAt);
        table.Find([]).ShouldBe(empty);
    }

    [Fact]
    public void Removed_keys_cost_no_memory_for_ever()
    {
        var table = new KeyTable(seed: 0);
        for (var i = 0; i < 200_000; i++)
        {
            table.RemoveAt(table.GetOrAdd(BitConverter.GetBytes((long)i), out _));
        }

        table.Bytes.ShouldBeLessThan(32 * 1024);
    }

    // Lengths from 0 to 400 bytes, so that what is removed is soon worth a compaction.
    private static string Key(int number) => number == 0 ? "" : new string((char)('a' + (number % 26)), number * 5);
}
