using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Pipelines;

/// <summary>The steps of a route in front of its stage: Map, Where, dedup by ids of all kinds; and FlatMap.</summary>
public sealed class StepsTests
{
    private static readonly Target<int> Out = new("sink", static value => $"{value}", new Numbers());

    [Fact]
    public void Map_and_where_apply_in_their_order_and_what_is_left_out_counts_as_filtered()
    {
        var route = new OneRoute(static pipeline => pipeline.From("t", new Numbers())
            .Where(static value => value != 3).Map(static value => value * 10).Where(static value => value < 50)
            .To(Out));
        foreach (var value in new[] { 1, 3, 4, 5 })
        {
            route.Send("k", value);
        }

        Destinations(route).ShouldBe(["10", "40"]);
        (route.Counters.Filtered, route.Counters.WithoutOutput).ShouldBe((2, 0));
    }

    [Fact]
    public void What_a_map_throws_on_becomes_a_dead_letter()
    {
        var route = new OneRoute(static pipeline => pipeline.From("t", new Numbers()).DeadLetters("dlq")
            .Map(static value => 10 / value).To(Out));
        route.Send("k", 0);
        route.Send("k", 5);
        Destinations(route).ShouldBe(["2"]);
        route.Counters.DeadLettered.ShouldBe(1);
    }

    [Fact]
    public void A_window_holds_what_map_and_where_let_through()
    {
        var route = new OneRoute(static pipeline => pipeline.From("t", new Numbers())
            .Where(static value => value % 2 == 0).Map(static value => value + 100)
            .Every(TimeSpan.FromSeconds(1)).Latest().To(Out));
        foreach (var value in new[] { 2, 4, 5 })
        {
            route.Send("k", value);
        }

        route.Advance(TimeSpan.FromSeconds(1));
        Destinations(route).ShouldBe(["104"]);
    }

    [Fact]
    public void Ids_may_be_numbers_guids_or_texts_and_none_is_never_a_duplicate()
    {
        var hour = TimeSpan.FromHours(1);
        foreach (var define in new Action<RouteBuilder<int>>[]
        {
            route => route.DedupById(static value => value == 0 ? null : (UInt128)value, hour).To(Out),
            route => route.DedupById(static value => value == 0 ? null : new Guid(value, 0, 0, new byte[8]), hour)
                .To(Out),
            route => route.DedupById(static value => value == 0 ? null : $"id {value}", hour).To(Out),
        })
        {
            var route = new OneRoute(pipeline => define(pipeline.From("t", new Numbers())));
            foreach (var value in new[] { 1, 2, 1, 0, 0, 2 })
            {
                route.Send("k", value);
            }

            Destinations(route).ShouldBe(["1", "2", "0", "0"]);
            route.Counters.Duplicates.ShouldBe(2);
        }
    }

    [Fact]
    public void An_id_names_a_record_of_the_partition_or_of_its_key_as_the_route_says()
    {
        foreach (var (perKey, expected) in new[] { (false, "1 2"), (true, "1 1 2") })
        {
            var route = new OneRoute(pipeline => pipeline.From("t", new Numbers())
                .DedupById(static value => (UInt128)value, TimeSpan.FromHours(1), perKey).To(Out));
            route.Send("a", 1);
            route.Send("b", 1);
            route.Send("a", 1);
            route.Send("b", 2);
            string.Join(' ', Destinations(route)).ShouldBe(expected);
        }
    }

    [Fact]
    public void A_value_that_makes_no_sense_is_refused_and_its_field_named()
    {
        var route = new OneRoute(static pipeline => pipeline.From("t", new Numbers()).DeadLetters("dlq")
            .Require(static value => value >= 0, "celsius", "is below absolute zero").Map(static value => value + 1)
            .To(Out));
        route.Send("k", -1);
        route.Send("k", 1);
        Destinations(route).ShouldBe(["2"]);
        route.Counters.Rejected.ShouldBe(1);
        route.Events.All.OfType<EngineEvent.RecordsRejected>().ShouldHaveSingleItem().Why
            .ShouldBe("celsius is below absolute zero");
    }

    [Fact]
    public void All_that_a_flat_map_makes_of_a_record_leaves_or_none()
    {
        var route = new OneRoute(static pipeline => pipeline.From("t", new Numbers()).DeadLetters("dlq")
            .FlatMap(static value => Divisions(value)).To(Out));
        route.Send("k", 0);
        route.Send("k", 3);
        route.Send("k", -1);
        Destinations(route).ShouldBe(["12", "6", "4"]);
        (route.Counters.Filtered, route.Counters.WithoutOutput).ShouldBe((0, 1), "nothing was made of the first");
        route.Counters.DeadLettered.ShouldBe(1, "the last one failed in the middle");
    }

    private static IEnumerable<int> Divisions(int value)
    {
        for (var by = 1; value < 0 ? by > -2 : by <= value; by += Math.Sign(value))
        {
            yield return 12 / by;
        }
    }

    private static IReadOnlyList<string> Destinations(OneRoute route) =>
        route.Outputs("sink", static (_, output) => output.Destination);
}
