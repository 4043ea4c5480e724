using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Limits;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Entities;

/// <summary>Entities in a route: the test says by <see cref="on"/> what the next record's call does.</summary>
public sealed class EntityStageTests : IEntity<int, EntityStageTests.Visits, int>
{
    private const int Unspeakable = -1;

    // Values from here on name an entity of their own, beside the record's key.
    private const int Apart = 1_000;

    private readonly List<(string Timer, string Key, int Seen, long At)> fired = [];
    private On on = static (_, _, _) => { };
    private OnTimer onTimer = static (_, _) => { };
    private OneRoute route;

    public EntityStageTests() => route = MakeRoute(new PipelineLimits());

    private delegate void On(int value, Visits state, Turn<int> turn);

    private delegate void OnTimer(Visits state, Turn<int> turn);

    [Fact]
    public void A_timer_that_every_record_moves_fires_once_when_the_entity_was_quiet()
    {
        on = static (_, _, turn) => turn.Timer("end", turn.Now.AddMinutes(30));
        for (var minute = 0; minute < 120; minute += 5)
        {
            Advance(minute);
            route.Send("u1", minute);
        }

        Advance(115 + 29);
        fired.ShouldBeEmpty();
        Advance(115 + 30);
        fired.ShouldBe([("end", "u1", 24, 145 * 60_000L)]);
    }

    [Fact]
    public void A_timer_moved_to_an_earlier_time_fires_then_and_only_then()
    {
        on = static (minutes, _, turn) => turn.Timer("end", turn.Now.AddMinutes(minutes));
        route.Send("u1", 30);
        route.Send("u1", 10);
        Advance(9);
        fired.ShouldBeEmpty();
        Advance(11);
        fired.Count.ShouldBe(1);
        Advance(1_000);
        fired.Count.ShouldBe(1);
    }

    [Fact]
    public void Entities_that_are_active_and_timers_that_are_set_and_called_are_counted()
    {
        on = static (minutes, _, turn) =>
        {
            turn.Timer("end", turn.Now.AddMinutes(minutes));
            turn.Timer("later", turn.Now.AddMinutes(minutes + 1));
        };
        var calls = 0;
        onTimer = (_, turn) =>
        {
            if (++calls == 2)
            {
                turn.Forget();
            }
        };
        route.Send("u1", 1);
        route.Send("u2", 5);
        (route.Counters.ActiveEntities, route.Counters.SetTimers, route.Counters.FiredTimers).ShouldBe((2, 4, 0));
        Advance(2);
        (route.Counters.ActiveEntities, route.Counters.SetTimers, route.Counters.FiredTimers).ShouldBe((1, 2, 2));
        route.End();
        (route.Counters.ActiveEntities, route.Counters.SetTimers).ShouldBe((0, 0), "gauges of what this process has");
    }

    [Fact]
    public void A_timer_that_sets_itself_again_at_once_does_not_hold_the_turn()
    {
        on = static (_, _, turn) => turn.Timer("again", turn.Now);
        onTimer = static (_, turn) => turn.Timer("again", turn.Now);
        route.Send("u1", 0);
        for (var now = 1; now <= 3; now++)
        {
            route.Advance(TimeSpan.FromMilliseconds(now));
            fired.Count.ShouldBe(now);
        }
    }

    [Fact]
    public void An_entity_without_timers_is_forgotten_when_it_was_idle_and_is_counted()
    {
        route.Send("u1", 0);
        Advance(9);
        route.Counters.PassivatedIdle.ShouldBe(0);
        Advance(100);
        route.Counters.PassivatedIdle.ShouldBe(1);
        route.NextDue.ShouldBe(long.MaxValue, "no entity is active");
    }

    [Fact]
    public void At_the_cap_the_longest_idle_entity_goes_with_its_timers_and_is_counted()
    {
        route = MakeRoute(new PipelineLimits { EntitiesPerShard = 2, TimersPerShard = 2 });
        on = static (_, _, turn) => turn.Timer("end", turn.Now.AddMinutes(1));
        foreach (var key in new[] { "u1", "u2", "u3", "u4" })
        {
            route.Send(key, 0);
        }

        Advance(1);
        fired.Select(static timer => timer.Key).ShouldBe(["u3", "u4"], ignoreOrder: true);
        route.Counters.PassivatedAtCap.ShouldBe(2);
        route.Counters.Failed.ShouldBe(0, "the timers of those that went make room");
    }

    [Fact]
    public void A_forgotten_entity_begins_anew_and_its_timers_are_gone()
    {
        var seen = new List<int>();
        on = (value, state, turn) =>
        {
            seen.Add(state.Seen);
            turn.Timer("end", turn.Now.AddMinutes(1));
            if (value == 1)
            {
                turn.Forget();
            }
        };
        route.Send("u1", 0);
        route.Send("u1", 1);
        Advance(5);
        fired.ShouldBeEmpty();
        route.Send("u1", 0);
        seen.ShouldBe([1, 2, 1]);
    }

    [Fact]
    public void Timers_of_forgotten_entities_take_no_room()
    {
        route = MakeRoute(new PipelineLimits { TimersPerShard = 10 });
        on = static (_, state, turn) =>
        {
            turn.Timer("end", turn.Now.AddMinutes(30));
            if (state.Seen == 2)
            {
                turn.Forget();
            }
        };
        for (var number = 0; number < 1_000; number++)
        {
            route.Send($"{number}", 0);
            route.Send($"{number}", 0);
        }

        route.Counters.Failed.ShouldBe(0);
    }

    [Fact]
    public void A_call_that_sets_one_timer_too_many_fails_whole_and_names_the_limit()
    {
        route = MakeRoute(new PipelineLimits { TimersPerShard = 3 });
        on = static (value, _, turn) =>
        {
            turn.Emit(value);
            turn.Timer($"a{value}", turn.Now.AddMinutes(1));
            turn.Timer($"b{value}", turn.Now.AddMinutes(1));
        };
        route.Send("u1", 1);
        route.Send("u1", 2);
        route.Send("u1", 1);
        route.Texts("sink").ShouldBe(["1", "1"], "timers that are set can be moved at the bound");
        route.Counters.DeadLettered.ShouldBe(1);
        var error = route.Events.All.OfType<EngineEvent.HandlerFailed>().ShouldHaveSingleItem().Error;
        error.Message.ShouldContain("TimersPerShard = 3");
        Advance(1);
        fired.Select(static timer => timer.Timer).ShouldBe(["a1", "b1"], ignoreOrder: true);
    }

    [Fact]
    public void A_call_that_throws_emits_nothing_sets_no_timer_and_does_not_forget()
    {
        on = static (value, state, turn) =>
        {
            turn.Emit(state.Seen);
            turn.Timer("end", turn.Now.AddMinutes(1));
            if (value == 1)
            {
                turn.Forget();
                throw new FormatException("bad");
            }
        };
        route.Send("u1", 1);
        route.Texts("sink").ShouldBeEmpty();
        route.Outputs("dead-letters", static (batch, output) => batch.Key(in output).ToArray())
            .ShouldHaveSingleItem().ShouldBe("u1"u8.ToArray());
        Advance(2);
        fired.ShouldBeEmpty();
        route.Send("u1", 0);
        route.Texts("sink").ShouldBe(["1"], "the state is as if the call had never been");
        route.Counters.Failed.ShouldBe(1);
    }

    [Fact]
    public void An_output_that_cannot_be_rendered_takes_the_whole_call_back()
    {
        on = static (value, _, turn) =>
        {
            turn.Emit(7);
            turn.Emit(value);
            turn.Timer("end", turn.Now.AddMinutes(1));
        };
        route.Send("u1", Unspeakable);
        route.Texts("sink").ShouldBeEmpty();
        route.Counters.DeadLettered.ShouldBe(1);
        route.Committable.ShouldBe(0, "the dead letter is not acknowledged");
        Advance(2);
        fired.ShouldBeEmpty();
        route.Send("u1", 8);
        route.Texts("sink").ShouldBe(["7", "8"]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void A_timer_without_a_name_is_refused_before_anything_is_emitted(string? name)
    {
        on = (_, _, turn) =>
        {
            turn.Emit(1);
            turn.Timer(name!, turn.Now);
        };
        route.Send("u1", 0);
        route.Texts("sink").ShouldBeEmpty();
        route.Events.All.OfType<EngineEvent.HandlerFailed>().ShouldHaveSingleItem()
            .Error.ShouldBeOfType<ArgumentException>().Message.ShouldContain("needs a name");
    }

    [Fact]
    public void Timers_that_throw_are_counted_reported_at_a_bounded_rate_and_gone()
    {
        on = static (_, _, turn) => turn.Timer("end", turn.Now.AddMinutes(1));
        onTimer = static (_, turn) =>
        {
            turn.Emit(1);
            throw new FormatException("bad");
        };
        Enumerable.Range(0, 500).ToList().ForEach(number => route.Send($"u{number}", 0));
        Advance(1);
        route.Send("u1", 0);
        Advance(2);
        Advance(10);
        fired.Count.ShouldBe(501);
        route.Counters.FailedTimers.ShouldBe(501);
        route.Texts("sink").ShouldBeEmpty();
        route.Events.All.OfType<EngineEvent.TimerFailed>().Select(static failed => (failed.Count, failed.Timer))
            .ShouldBe([(1, "end"), (499, "end"), (1, "end")], "the rest of the first minute is told in time");
    }

    [Fact]
    public void Timers_emit_and_may_forget()
    {
        on = static (_, _, turn) => turn.Timer("end", turn.Now.AddMinutes(1));
        onTimer = static (state, turn) =>
        {
            turn.Emit(state.Seen);
            turn.Forget();
        };
        route.Send("u1", 0);
        route.Send("u1", 0);
        Advance(1);
        route.Outputs("sink", static (batch, output) => (batch.Key(in output).ToArray(), output.Origin.Offset))
            .ShouldHaveSingleItem().Offset.ShouldBe(Origin.NoOffset);
        route.Texts("sink").ShouldBe(["2"]);
        route.Send("u1", 0);
        Advance(2);
        route.Texts("sink").ShouldBe(["2", "1"]);
    }

    [Fact]
    public void Entities_that_a_sub_key_tells_apart_have_the_records_key_and_those_without_a_key_are_one()
    {
        var keys = new List<(string, int)>();
        on = (_, state, turn) => keys.Add((turn.Key, state.Seen));
        route.Send("u1", Apart);
        route.Send("u1", Apart + 1);
        route.Send("u1", Apart);
        route.Send(default, BitConverter.GetBytes(0));
        route.Send(default, BitConverter.GetBytes(0));
        keys.ShouldBe([("u1", 1), ("u1", 1), ("u1", 2), ("", 1), ("", 2)]);
    }

    void IEntity<int, Visits, int>.On(int record, ref Visits state, Turn<int> turn)
    {
        state.Seen++;
        on(record, state, turn);
    }

    void ITimerHandler<Visits, int>.OnTimer(string name, ref Visits state, Turn<int> turn)
    {
        fired.Add((name, turn.Key, state.Seen, route.Now));
        onTimer(state, turn);
    }

    private OneRoute MakeRoute(PipelineLimits limits) => new(
        pipeline => pipeline.From("t", new Numbers())
            .SubKey(static value => value >= Apart ? BitConverter.GetBytes(value) : [])
            .DeadLetters("t.dlq")
            .Entity<EntityStageTests, Visits, int>(_ => this)
            .To(new Target<int>("sink", static _ => "out", new Speech())),
        limits);

    private void Advance(int minutes)
    {
        // In the steps of a shard, whose turns come when something is due.
        for (var now = TimeSpan.FromMilliseconds(route.Now); now <= TimeSpan.FromMinutes(minutes);)
        {
            route.Advance(now);
            now += TimeSpan.FromSeconds(30);
        }
    }

    [StateVersion(1)]
    public sealed class Visits
    {
        public int Seen { get; set; }
    }

    /// <summary>Numbers as text; one number cannot be said, as is noticed in the middle of it.</summary>
    private sealed class Speech : ICodec<int>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out int value, out Rejection rejection) =>
            throw new NotSupportedException();

        public void Write(scoped in int value, System.Buffers.IBufferWriter<byte> output)
        {
            System.Buffers.BuffersExtensions.Write(
                output, System.Text.Encoding.UTF8.GetBytes(value == Unspeakable ? "un" : $"{value}"));
            if (value == Unspeakable)
            {
                throw new FormatException("unspeakable");
            }
        }
    }
}
