using System.Text;
using System.Text.Json;
using StreamActors.Pipelines.RideShare;
using StreamActors.Pipelines.RideShare.Simulation;

namespace StreamActors.Pipelines.Tests.RideShare.Simulation;

public sealed class WorldTests
{
    private static readonly WorldOptions Options = new() { Drivers = 300, Rate = 10_000, Seed = 42 };

    [Fact]
    public void Equal_options_and_steps_give_equal_bytes_and_another_seed_gives_others()
    {
        var odd = Options with { Malformed = 0.05, Duplicates = 0.05 };
        Hash(odd).ShouldBe(Hash(odd));
        Hash(odd).ShouldNotBe(Hash(odd with { Seed = 43 }));
    }

    [Fact]
    public void Every_event_is_accepted_and_has_the_key_of_its_topic()
    {
        var keys = new Dictionary<string, string>
        {
            ["gps_pings"] = "entity_id", ["trips"] = "trip_id", ["driver_status"] = "driver_id",
            ["surge_updates"] = "zone_id", ["driver_profiles"] = "driver_id", ["rider_profiles"] = "rider_id",
            ["ratings"] = "trip_id",
        };
        var seen = new HashSet<string>();
        foreach (var (topic, key, value) in Run(Options, 10))
        {
            seen.Add(topic.Name);
            Published.Json(topic, value);
            using var document = JsonDocument.Parse(value);
            document.RootElement.GetProperty(keys[topic.Name]).GetString().ShouldBe(key);
            document.RootElement.GetProperty("session_id").GetString().ShouldBe("simulation");
        }

        seen.Count.ShouldBe(RideShareTopics.All.Count);
    }

    [Fact]
    public void Nine_tenths_are_pings_and_the_rate_is_the_one_asked_for()
    {
        var world = new World(Options);
        world.Step(TimeSpan.FromSeconds(20), static (_, _, _) => { });
        world.Totals.Sent.ShouldBeInRange(200_000, 200_020);
        var pings = world.Totals.SentTo(RideShareTopics.GpsPings) / (double)world.Totals.Sent;
        pings.ShouldBeInRange(0.85, 0.95);
    }

    [Fact]
    public void Events_tell_the_time_of_their_step_however_fast_the_city_lives()
    {
        var world = new World(Options with { Drivers = 10 }) { Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero) };
        world.Step(TimeSpan.FromSeconds(1), static (_, _, value) =>
            Encoding.UTF8.GetString(value).ShouldContain("\"timestamp\":\"2026-11-21T12:00:00.000Z\""));
        world.Totals.Sent.ShouldBeGreaterThan(5_000);
    }

    [Fact]
    public void Trips_go_through_their_states_by_legal_moves_alone()
    {
        var states = Enum.GetValues<TripState>().ToDictionary(s => Encoding.UTF8.GetString(TripMoves.Name(s)));
        var trips = new Dictionary<string, TripState>();
        var seen = new HashSet<TripState>();
        foreach (var (topic, key, value) in Run(Options, 30).Where(e => e.Topic == RideShareTopics.Trips))
        {
            using var document = JsonDocument.Parse(value);
            var state = states[document.RootElement.GetProperty("event_type").GetString()!];
            seen.Add(state);
            if (!trips.TryGetValue(key, out var before))
            {
                state.ShouldBe(TripState.Requested);
            }
            else
            {
                TripMoves.IsLegal(before, state).ShouldBeTrue($"{before} → {state}");
            }

            trips[key] = state;
        }

        seen.Count.ShouldBe(states.Count);
    }

    [Fact]
    public void Prices_follow_demand_from_1_to_2_5_and_are_told_on_change_only()
    {
        World.SurgeOf(0, 10).ShouldBe(100);
        World.SurgeOf(10, 10).ShouldBe(100);
        World.SurgeOf(20, 10).ShouldBe(175);
        World.SurgeOf(30, 10).ShouldBe(250);
        World.SurgeOf(99, 0).ShouldBe(250);
        var surges = Run(Options, 30).Where(e => e.Topic == RideShareTopics.SurgeUpdates).ToList();
        surges.ShouldNotBeEmpty();
        foreach (var (_, _, value) in surges)
        {
            using var document = JsonDocument.Parse(value);
            var now = document.RootElement.GetProperty("new_multiplier").GetDouble();
            now.ShouldBeInRange(1.0, 2.5);
            now.ShouldNotBe(document.RootElement.GetProperty("previous_multiplier").GetDouble());
        }
    }

    [Fact]
    public void Drivers_stay_in_the_box_and_no_faster_than_they_say()
    {
        foreach (var (_, _, value) in Run(Options, 5).Where(e => e.Topic == RideShareTopics.GpsPings))
        {
            using var document = JsonDocument.Parse(value);
            var location = document.RootElement.GetProperty("location");
            location[0].GetDouble().ShouldBeInRange(-23.75, -23.35);
            location[1].GetDouble().ShouldBeInRange(-46.82, -46.36);
            document.RootElement.GetProperty("heading").GetDouble().ShouldBeInRange(0, 359);
            document.RootElement.GetProperty("accuracy").GetDouble().ShouldBeInRange(5, 10.01);
        }
    }

    [Fact]
    public void Broken_copies_and_repetitions_are_as_many_as_asked_and_are_counted()
    {
        var options = Options with { Malformed = 0.02, Duplicates = 0.03, Rate = 50_000 };
        var ids = new HashSet<UInt128>();
        var (refused, repeated) = (0, 0);
        var world = new World(options);
        world.Step(TimeSpan.FromSeconds(2), (topic, key, value) =>
        {
            if (!topic.Codec(() => Published.NewId).TryRead(value, out var read, out _))
            {
                refused++;
            }
            else if (!ids.Add(read.EventId!.Value))
            {
                repeated++;
            }
        });
        world.Totals.Malformed.ShouldBe(refused);
        world.Totals.Duplicates.ShouldBe(repeated);
        refused.ShouldBeInRange(1_750, 2_150);
        repeated.ShouldBeInRange(2_650, 3_100);
        RideShareTopics.All.Sum(world.Totals.SentTo).ShouldBe(world.Totals.Sent);
    }

    [Theory]
    [InlineData("gps_pings", true)]
    [InlineData("trips", true)]
    [InlineData("ratings", false)]
    [InlineData("surge_updates", false)]
    public void With_a_good_id_the_injector_s_numbers_and_times_are_refused_only_where_a_field_has_a_range(
        string name, bool accepted)
    {
        var topic = RideShareTopics.Find(name)!;
        var corruptor = new Corruptor(new Chance(1));
        var good = Encoding.UTF8.GetBytes(BadInputTests.Good(name));
        var id = "550e8400-e29b-41d4-a716-446655440000"u8.ToArray();
        var codec = topic.Codec(() => Published.NewId);
        codec.TryRead(corruptor.Corrupt(Corruption.OutOfRange, topic, good, id), out _, out _).ShouldBe(accepted);
        codec.TryRead(corruptor.Corrupt(Corruption.BadTimestamp, topic, good, id), out _, out _).ShouldBeTrue();
    }

    [Fact]
    public void With_a_good_id_everything_else_of_the_injector_is_refused()
    {
        var corruptor = new Corruptor(new Chance(1));
        var id = "550e8400-e29b-41d4-a716-446655440000"u8.ToArray();
        Corruption[] passing = [Corruption.OutOfRange, Corruption.BadTimestamp];
        foreach (var topic in RideShareTopics.All)
        {
            var good = Encoding.UTF8.GetBytes(BadInputTests.Good(topic.Name));
            foreach (var kind in Enum.GetValues<Corruption>().Except(passing))
            {
                for (var time = 0; time < 20; time++)
                {
                    var bad = corruptor.Corrupt(kind, topic, good, id);
                    topic.Codec(() => Published.NewId).TryRead(bad, out _, out _)
                        .ShouldBeFalse($"{topic.Name} {kind}: {Encoding.UTF8.GetString(bad)}");
                }
            }
        }
    }

    [Fact]
    public void Pings_for_benchmarks_are_good_distinct_deterministic_and_ordered_in_time()
    {
        var (generator, again) = (NewPings(), NewPings());
        var ids = new HashSet<UInt128>();
        var drivers = new HashSet<string>();
        var last = "";
        var codec = RideShareTopics.GpsPings.Codec(() => Published.NewId);
        for (var i = 0; i < 20_000; i++)
        {
            var ping = generator.Next();
            ping.SequenceEqual(again.Next()).ShouldBeTrue();
            codec.TryRead(ping, out var value, out var rejection).ShouldBeTrue(rejection.ToString());
            ids.Add(value.EventId!.Value).ShouldBeTrue();
            value.EntityId.SequenceEqual(generator.Key).ShouldBeTrue();
            drivers.Add(Encoding.UTF8.GetString(value.EntityId));
            var text = Encoding.UTF8.GetString(ping);
            var time = text.Substring(text.IndexOf("\"timestamp\":\"2026-", StringComparison.Ordinal), 37);
            string.CompareOrdinal(time, last).ShouldBeGreaterThan(0);
            last = time;
        }

        drivers.Count.ShouldBe(100);
        PingGenerator NewPings() => new(100, seed: 5, new DateTimeOffset(2026, 1, 1, 23, 59, 50, TimeSpan.Zero));
    }

    [Fact]
    public void Statuses_for_benchmarks_are_good_distinct_and_deterministic()
    {
        var codec = RideShareTopics.DriverStatus.Codec(() => Published.NewId);
        var (generator, again) = (new StatusGenerator(3, seed: 5), new StatusGenerator(3, seed: 5));
        var ids = new HashSet<UInt128>();
        for (var number = 0; number < 1_000; number++)
        {
            var time = DateTimeOffset.UnixEpoch.AddMilliseconds(number);
            var status = generator.Next(time);
            status.SequenceEqual(again.Next(time)).ShouldBeTrue();
            codec.TryRead(status, out var value, out var rejection).ShouldBeTrue(rejection.ToString());
            ids.Add(value.EventId!.Value).ShouldBeTrue();
            Encoding.UTF8.GetString(generator.Key).ShouldBe($"driver-{number % 3}");
            Encoding.UTF8.GetString(status).ShouldContain($"\"driver_id\":\"driver-{number % 3}\"");
        }
    }

    private static List<(RideShareTopic Topic, string Key, byte[] Value)> Run(WorldOptions options, int seconds)
    {
        var events = new List<(RideShareTopic, string, byte[])>();
        new World(options).Step(TimeSpan.FromSeconds(seconds), (topic, key, value) =>
            events.Add((topic, Encoding.UTF8.GetString(key), value.ToArray())));
        return events;
    }

    private static int Hash(WorldOptions options)
    {
        var hash = new HashCode();
        var world = new World(options);
        for (var step = 0; step < 10; step++)
        {
            world.Step(TimeSpan.FromMilliseconds(100), (topic, key, value) =>
            {
                hash.AddBytes(key);
                hash.AddBytes(value);
            });
        }

        return hash.ToHashCode();
    }
}
