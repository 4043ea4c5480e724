using System.Buffers;
using System.Collections.Immutable;
using StreamActors.Core.Tests.Doubles;
using StreamActors.Entities;
using StreamActors.Events;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Entities;

/// <summary>A call that throws leaves no trace, whatever kind of type the state is.</summary>
public sealed class WholeCallTests
{
    private const int Throws = -1;

    [Fact]
    public void Of_a_class_all_is_taken_back_down_to_its_collections() => NoTraceOf<Basket>(static (state, value) =>
    {
        state.Value.Total += value;
        state.Value.Items.Add(value);
        state.Value.ByName[$"{value}"] = new Item { Count = state.Value.Items.Count };
    }, static state => $"{state.Total}:{string.Join(",", state.Items)}:{string.Join(",", state.ByName.Keys)}");

    [Fact]
    public void Of_a_struct_all_is_taken_back() => NoTraceOf<Sum>(
        static (state, value) => state.Value.Total += value, static state => $"{state.Total}");

    [Fact]
    public void Of_a_record_that_is_replaced_the_old_one_stays() => NoTraceOf<Tally>(
        static (state, value) => state.Value = state.Value with { Seen = state.Value.Seen.Add(value) },
        static state => string.Join(",", state.Seen));

    [Fact]
    public void Of_a_struct_that_holds_a_list_the_list_is_taken_back() => NoTraceOf<Shelf>(
        static (state, value) => (state.Value.Items ??= []).Add(value),
        static state => string.Join(",", state.Items ?? []));

    [Theory]
    [InlineData(typeof(Sum), true)]
    [InlineData(typeof(Tally), true)]
    [InlineData(typeof(Immutable), true)]
    [InlineData(typeof(ImmutableDictionary<string, Tally>), true)]
    [InlineData(typeof(Guid?), true)]
    [InlineData(typeof(Shelf), false)]
    [InlineData(typeof(Basket), false)]
    [InlineData(typeof(Open), false)]
    [InlineData(typeof(Opened), true)]
    [InlineData(typeof(int[]), false)]
    [InlineData(typeof(ImmutableArray<Item>), false)]
    public void A_plain_copy_is_trusted_only_where_nothing_in_it_can_change(Type state, bool isEnough) =>
        StateType.IsKeptByCopy(state).ShouldBe(isEnough);

    [Fact]
    public void A_state_that_its_codec_cannot_write_costs_the_record_and_not_the_state()
    {
        var handler = new Handler<Basket>(static (state, value) => state.Value.Total += value);
        var route = Route(handler, new Refusing());
        route.Send("u", 1);
        route.Send("u", 2);
        route.Events.All.OfType<EngineEvent.HandlerFailed>().ShouldHaveSingleItem().Error
            .Message.ShouldContain("cannot be written");
        handler.States.ShouldBe(["1"], "the second call was not made");
    }

    [Fact]
    public void A_codec_that_does_not_read_what_it_wrote_fails_the_shard_and_is_named()
    {
        var route = Route(
            new Handler<Basket>(static (state, value) => state.Value.Total += value), new Refusing { Writes = true });
        route.Send("u", 1);
        Should.Throw<Exception>(() => route.Send("u", Throws)).Message
            .ShouldContain("The codec of the state Basket refuses what it wrote");
    }

    /// <summary>Calls that throw between calls that do not, on new and on known entities, and in a timer.</summary>
    private static void NoTraceOf<TState>(Action<Slot<TState>, int> change, Func<TState, string> show)
        where TState : new()
    {
        var handler = new Handler<TState>(change) { Show = show };
        var expected = new Handler<TState>(change) { Show = show };
        var (route, clean) = (Route(handler), Route(expected));
        foreach (var (key, value) in new[] { ("u", 1), ("u", 2), ("v", 3), ("u", 4) })
        {
            route.Send(key, Throws);
            route.Send(key, value);
            route.Send(key, Throws);
            clean.Send(key, value);
        }

        handler.States.ShouldBe(expected.States);
        route.Texts("sink").ShouldBe(clean.Texts("sink"));
        route.Counters.Failed.ShouldBe(8);
        foreach (var each in new[] { handler, expected })
        {
            each.States.Clear();
        }

        handler.TimersThrow = true;
        foreach (var each in new[] { route, clean })
        {
            each.Advance(TimeSpan.FromMinutes(2));
            each.Send("u", 5);
        }

        route.Counters.FailedTimers.ShouldBe(2);
        handler.States.ShouldBe(expected.States);
    }

    private static OneRoute Route<TState>(Handler<TState> handler, ICodec<TState>? codec = null)
        where TState : new() => new(pipeline => pipeline.From("t", new Numbers()).DeadLetters("dlq")
            .Entity<Handler<TState>, TState, int>(_ => handler, new() { State = codec })
            .To(new Target<int>("sink", static _ => "out", new Numbers())));

    /// <summary>Changes a state, and then throws where it was told to.</summary>
    private sealed class Handler<TState>(Action<Slot<TState>, int> change) : IEntity<int, TState, int>
        where TState : new()
    {
        public List<string> States { get; } = [];

        public Func<TState, string> Show { get; init; } = static state => $"{(state as Basket)?.Total}";

        public bool TimersThrow { get; set; }

        public void On(int record, ref TState state, Turn<int> turn)
        {
            var slot = new Slot<TState> { Value = state };
            change(slot, record);
            state = slot.Value;
            turn.Emit(record);
            turn.Timer("due", turn.Now.AddMinutes(1));
            if (record == Throws)
            {
                turn.Timer("never", turn.Now.AddMinutes(1));
                turn.Forget();
                throw new FormatException("bad");
            }

            States.Add(Show(state));
        }

        public void OnTimer(string name, ref TState state, Turn<int> turn)
        {
            name.ShouldBe("due");
            if (TimersThrow)
            {
                var slot = new Slot<TState> { Value = state };
                change(slot, 99);
                state = slot.Value;
                throw new FormatException("bad");
            }
        }
    }

    /// <summary>Where a state stands while it is changed.</summary>
    private sealed class Slot<TState>
    {
        public required TState Value;
    }

    private sealed class Refusing : ICodec<Basket>
    {
        public bool Writes { get; init; }

        public bool TryRead(ReadOnlySpan<byte> bytes, out Basket value, out Rejection rejection)
        {
            (value, rejection) = (new Basket(), new Rejection("", "is no basket"));
            return false;
        }

        public void Write(scoped in Basket value, IBufferWriter<byte> output)
        {
            if (!Writes)
            {
                throw new NotSupportedException("A basket cannot be written.");
            }
        }
    }

    [StateVersion(1)]
    private sealed class Basket
    {
        public int Total;

        public List<int> Items { get; set; } = [];

        public Dictionary<string, Item> ByName { get; set; } = [];
    }

    private sealed class Item
    {
        public int Count { get; set; }
    }

    [StateVersion(1)]
    private struct Sum
    {
        public long Total;
    }

    [StateVersion(1)]
    private struct Shelf
    {
        public List<int>? Items;
    }

    [StateVersion(1)]
    private sealed record Tally
    {
        public ImmutableList<int> Seen { get; init; } = [];

        public DateTimeOffset? Last { get; init; }
    }

    private sealed record Immutable(string Name, Tally Inner, (int, Guid) Pair);

    // Not sealed: what stands in its place may change.
    private record Open(string Name);

    private sealed record Opened(string Name) : Open(Name);
}
