using StreamActors.Entities;

namespace StreamActors.Core.Tests.Entities;

public sealed class EntityTableTests
{
    [Fact]
    public void It_agrees_with_a_list_in_order_of_use() => Property.Holds(static drawn =>
    {
        const int MaxActive = 8;
        var removed = new List<int>();
        var table = new EntityTable<int>(seed: 1, MaxActive, removed: removed.Add);
        var model = new List<(byte Key, long Used, int State)>();
        var now = 0L;
        foreach (var number in drawn)
        {
            now += number % 3;
            var key = (byte)(number / 16 % 12);
            var gone = new List<(byte Key, long Used, int State)>();
            switch (number % 16)
            {
                case < 11:
                    ref var state = ref table.Activate([key], now, out var isAtCap);
                    state.ShouldBe(model.Find(each => each.Key == key).State);
                    state = number;
                    model.RemoveAll(each => each.Key == key);
                    model.Add((key, now, number));
                    isAtCap.ShouldBe(model.Count > MaxActive);
                    gone.AddRange(model.Take(model.Count - MaxActive));
                    break;
                case 11 when table.Find([key]) is var index && index != EntityTable<int>.None:
                    table.Forget(index);
                    gone = model.FindAll(each => each.Key == key);
                    break;
                case 12:
                    gone = model.FindAll(each => each.Used <= now - 5);
                    table.PassivateIdle(now - 5).ShouldBe(gone.Count);
                    break;
                case 13:
                    var needed = model.FindAll(each => each.Used <= now - 5 && each.State % 2 == 0);
                    gone = model.FindAll(each => each.Used <= now - 5 && each.State % 2 != 0);
                    table.PassivateIdle(now - 5, now, static state => state % 2 == 0).ShouldBe(gone.Count);
                    model.RemoveAll(needed.Contains);
                    model.AddRange(needed.Select(each => (each.Key, now, each.State)));
                    break;
                case 14 when table.Find([key]) is var index && index != EntityTable<int>.None:
                    table.Use(index, now);
                    table[index].ShouldBe(model.Find(each => each.Key == key).State);
                    model.RemoveAll(each => each.Key == key);
                    model.Add((key, now, table[index]));
                    break;
                default:
                    model.Exists(each => each.Key == key).ShouldBe(table.Find([key]) != EntityTable<int>.None);
                    break;
            }

            model.RemoveAll(gone.Contains);
            removed.ShouldBe(gone.Select(static each => each.State));
            removed.Clear();
            table.Count.ShouldBe(model.Count);
        }
    });

    [Fact]
    public void At_the_cap_the_longest_idle_goes_and_it_says_so()
    {
        var table = new EntityTable<int>(seed: 1, maxActive: 2);
        table.Activate([1], 0, out _);
        table.Activate([2], 1, out _);
        table.Activate([1], 2, out var isAtCap);
        isAtCap.ShouldBeFalse();
        table.Activate([3], 3, out isAtCap);
        isAtCap.ShouldBeTrue();
        table.Find([2]).ShouldBe(EntityTable<int>.None);
    }
}
