using System.Text;
using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Sinks;

/// <summary>What targets make of values: keys, headers, conditions, kinds.</summary>
public sealed class TargetTests
{
    private static readonly Target<int> Plain = new("sink", static value => $"to-{value}", new Numbers());

    [Fact]
    public void A_target_has_the_records_key_unless_it_has_one_of_its_own()
    {
        var route = Route(
            Plain,
            Plain.Keyed(static value => $"own-{value}"),
            Plain.Keyed(static value => BitConverter.GetBytes(value)),
            Plain.Keyed(static _ => (string?)null));
        route.Send("k", 7);
        route.Outputs("sink", Key).ShouldBe(["k", "own-7", "\u0007\0\0\0", null]);
        route.Outputs("sink", static (_, output) => output.Destination).ShouldAllBe(static to => to == "to-7");
    }

    [Fact]
    public void Headers_stand_in_their_order_and_one_without_a_value_is_left_out()
    {
        var route = Route(Plain.Header("type", static _ => "ticker").Header("odd", static value =>
            value % 2 == 1 ? "yes" : null).Header("type", static value => $"{value}"));
        route.Send("k", 1);
        route.Send("k", 2);
        route.Outputs("sink", Headers).ShouldBe(["type=ticker odd=yes type=1", "type=ticker type=2"]);
    }

    [Fact]
    public void A_target_with_conditions_takes_what_meets_them_all_and_a_record_for_none_has_no_output()
    {
        var route = Route(Plain.When(static value => value > 1).When(static value => value < 4));
        foreach (var value in new[] { 1, 2, 3, 4 })
        {
            route.Send("k", value);
        }

        route.Outputs("sink", static (_, output) => output.Destination).ShouldBe(["to-2", "to-3"]);
        route.Counters.WithoutOutput.ShouldBe(2);
        route.Committable.ShouldBe(1, "the two others wait for their acknowledgement");
    }

    [Fact]
    public void A_tombstone_has_a_key_and_headers_and_no_value()
    {
        var route = Route(Plain.Header("why", static _ => "gone").TombstoneWhen(static value => value < 0));
        route.Send("k", -1);
        route.Send("k", 1);
        route.Outputs("sink", static (batch, output) =>
            (Key(batch, output), Headers(batch, output), output.IsTombstone, batch.Value(in output).Length))
            .ShouldBe([("k", "why=gone", true, 0), ("k", "why=gone", false, 4)]);
    }

    [Fact]
    public void An_output_has_the_time_of_its_writing_or_that_of_its_record()
    {
        var route = Route(Plain, Plain.AtRecordTime(), Plain.AtRecordTime().Keyed(static _ => "own"));
        route.Advance(TimeSpan.FromSeconds(7));
        route.Send("k", 1);
        route.Outputs("sink", static (_, output) => output.Timestamp).ShouldBe([-1, 7_000, 7_000]);
    }

    [Fact]
    public void Each_kind_of_value_goes_to_its_own_targets_and_to_those_of_its_base()
    {
        var route = new OneRoute(static pipeline => pipeline.From("t", new Numbers()).DeadLetters("dlq")
            .FlatMap(static value => Kinds(value))
            .To(new Target<Ping>("sink", static ping => $"ping-{ping.Number}", Json.Of<Ping>()))
            .To(new Target<Pong>("sink", static _ => "pong", Json.Of<Pong>()))
            .To(new Target<Message>("all", static _ => "all", Json.Of<Message>())));
        route.Send("k", 2);
        route.Outputs("sink", static (_, output) => output.Destination).ShouldBe(["ping-2", "pong"]);
        route.Outputs("all", static (_, output) => output.Destination).ShouldBe(["all", "all"]);
    }

    [Fact]
    public void A_kind_that_no_target_takes_fails_the_call_whole_and_is_named()
    {
        var route = new OneRoute(static pipeline => pipeline.From("t", new Numbers()).DeadLetters("dlq")
            .FlatMap(static value => Kinds(value))
            .To(new Target<Ping>("sink", static ping => $"ping-{ping.Number}", Json.Of<Ping>())));
        route.Send("k", 2);
        route.Texts("sink").ShouldBeEmpty();
        route.Counters.DeadLettered.ShouldBe(1);
        route.Events.All.OfType<EngineEvent.HandlerFailed>().ShouldHaveSingleItem().Error
            .Message.ShouldBe(
                "Pong was emitted, and no To(…) takes it: they take Ping. Give it a target, with To(…) behind them, or "
                + "say Ignore<Pong>() where it shall go nowhere.");
    }

    [Fact]
    public void A_kind_that_shall_go_nowhere_does_and_its_record_counts_as_one_without_output_where_nothing_else_came()
    {
        var route = new OneRoute(static pipeline => pipeline.From("t", new Numbers()).DeadLetters("dlq")
            .FlatMap(static value => Kinds(value).Skip(value))
            .To(new Target<Ping>("sink", static _ => "ping", Json.Of<Ping>()))
            .Ignore<Pong>());
        route.Send("k", 0);
        route.Send("k", 1);
        route.Outputs("sink", static (_, output) => output.Destination).ShouldBe(["ping"]);
        (route.Counters.DeadLettered, route.Counters.WithoutOutput).ShouldBe((0, 1));
    }

    private static IEnumerable<Message> Kinds(int value) => [new Ping(value), new Pong()];

    private static OneRoute Route(params Target<int>[] targets) =>
        new(pipeline => pipeline.From("t", new Numbers()).To(targets));

    private static string? Key(OutputBatch batch, Output output) =>
        output.HasKey ? Encoding.UTF8.GetString(batch.Key(in output)) : null;

    private static string Headers(OutputBatch batch, Output output)
    {
        var all = new List<string>();
        foreach (var header in RecordHeaders.Read(batch.Headers(in output)))
        {
            all.Add($"{Encoding.UTF8.GetString(header.Name)}={Encoding.UTF8.GetString(header.Value)}");
        }

        return string.Join(' ', all);
    }

    private abstract record Message;

    private sealed record Ping(int Number) : Message;

    private sealed record Pong : Message;
}
