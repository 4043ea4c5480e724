using StreamActors.Entities;

namespace StreamActors.Core.Tests.Entities;

public sealed class EntityTableTests
{
    [Fact]
    public void It_agrees_with_a_list_in_order_of_use() => Property.Holds(static drawn =>
    {
        const int MaxActive = 8;
        var table = new EntityTable<int>(seed: 1, MaxActive);
        var model = new List<(byte Key, long Used, int State)>();
        var now = 0L;
        foreach (var number in drawn)
        {
            now += number % 3;
            var key = (byte)(number / 16 % 12);
            switch (number % 16)
            {
                case < 11:
                    ref var state = ref table.Activate([key], now, out var activated);
                    activated.ShouldBe(!model.Exists(each => each.Key == key));
                    var before = activated ? 0 : model.Find(each => each.Key == key).State;
                    state.ShouldBe(before);
                    state = number;
                    model.RemoveAll(each => each.Key == key);
                    model.Add((key, now, number));
                    model.RemoveRange(0, Math.Max(model.Count - MaxActive, 0));
                    break;
                case 11:
                    table.Forget([key]);
                    model.RemoveAll(each => each.Key == key);
                    break;
                case 12:
                    table.PassivateIdle(now - 5);
                    model.RemoveAll(each => each.Used <= now - 5);
                    break;
                case 13:
                    table.PassivateIdle(now - 5, now, static state => state % 2 == 0);
                    var needed = model.FindAll(each => each.Used <= now - 5 && each.State % 2 == 0);
                    model.RemoveAll(each => each.Used <= now - 5);
                    model.AddRange(needed.Select(each => (each.Key, now, each.State)));
                    break;
                default:
                    var isActive = !System.Runtime.CompilerServices.Unsafe.IsNullRef(ref table.Peek([key]));
                    isActive.ShouldBe(model.Exists(each => each.Key == key));
                    break;
            }

            table.Count.ShouldBe(model.Count);
        }
    });

    [Fact]
    public void At_the_cap_the_longest_idle_goes_and_is_counted()
    {
        var table = new EntityTable<int>(seed: 1, maxActive: 2);
        table.Activate([1], 0, out _);
        table.Activate([2], 1, out _);
        table.Activate([1], 2, out _);
        table.Activate([3], 3, out _);
        System.Runtime.CompilerServices.Unsafe.IsNullRef(ref table.Peek([2])).ShouldBeTrue();
        table.Passivated.ShouldBe(1);
    }
}
