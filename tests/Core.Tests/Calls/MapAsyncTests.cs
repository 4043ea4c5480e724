using StreamActors.Configuration;
using StreamActors.Core.Tests.Doubles;
using StreamActors.Limits;

namespace StreamActors.Core.Tests.Calls;

/// <summary>What becomes of records that are called for: order, results, bounds.</summary>
public sealed class MapAsyncTests
{
    [Fact]
    public void What_a_call_gives_is_emitted_with_the_key_of_its_record_which_is_done_then_and_not_before()
    {
        var shards = new CallShards();
        shards.Send("k", 1);
        shards.One.Committable(0).ShouldBe(0);
        shards.Succeed(1, "one");
        shards.Sink.Taken.ShouldHaveSingleItem().Key.ShouldBe("k");
        shards.Sink.Values.ShouldBe(["one"]);
        shards.One.Committable(0).ShouldBe(1);
        shards.Counters.Emitted.ShouldBe(1);
    }

    [Fact]
    public void Nothing_is_emitted_for_null_and_the_record_counts_as_one_without_output()
    {
        var shards = new CallShards();
        shards.Send("k", 1);
        shards.Succeed(1, null);
        shards.Sink.Taken.ShouldBeEmpty();
        shards.One.Committable(0).ShouldBe(1);
        shards.Counters.WithoutOutput.ShouldBe(1);
    }

    [Fact]
    public void A_call_knows_its_record_and_has_a_scope_that_ends_with_it()
    {
        var shards = new CallShards();
        shards.Advance(TimeSpan.FromSeconds(3));
        shards.Send("first", 1);
        shards.Send("k", 2);
        shards.Calls[2].Call.ShouldBe(new Call("k", DateTimeOffset.UnixEpoch.AddSeconds(3), 1, "t/0/1"));
        shards.Calls.OpenScopes.ShouldBe(2);
        shards.Succeed(2, "two");
        shards.Calls.OpenScopes.ShouldBe(1);
    }

    [Fact]
    public void Records_of_a_key_are_called_for_one_after_the_other_and_other_keys_go_on()
    {
        var shards = new CallShards();
        shards.Send("a", 1);
        shards.Send("a", 2);
        shards.Send("b", 3);
        shards.Send("a", 4);
        shards.Calls.Values.ShouldBe([1, 3]);
        shards.Succeed(3, "three");
        shards.Calls.Values.ShouldBe([1, 3]);
        shards.Succeed(1, "one");
        shards.Succeed(2, "two");
        shards.Succeed(4, "four");
        shards.Sink.Values.ShouldBe(["three", "one", "two", "four"]);
        shards.One.Committable(0).ShouldBe(4);
    }

    [Fact]
    public void Records_without_a_key_wait_for_none()
    {
        var shards = new CallShards();
        shards.Send(null, 1);
        shards.Send(null, 2);
        shards.Calls.Values.ShouldBe([1, 2]);
        shards.Succeed(2, "two");
        shards.Succeed(1, "one");
        shards.Sink.Values.ShouldBe(["two", "one"]);
    }

    [Fact]
    public void Records_that_a_sub_key_tells_apart_do_not_wait_for_each_other()
    {
        var shards = new CallShards(more: static route =>
            route.SubKey(static number => number % 2 == 0 ? "0"u8 : "1"u8));
        shards.Send("k", 1);
        shards.Send("k", 2);
        shards.Send("k", 3);
        shards.Calls.Values.ShouldBe([1, 2]);
    }

    [Fact]
    public void No_more_calls_than_MaxInFlight_run_at_once_over_all_shards_which_take_turns()
    {
        var shards = new CallShards(new MapAsyncOptions { MaxInFlight = 2 }, shards: 2);
        foreach (var value in new[] { 1, 2, 3, 4 })
        {
            shards.Send($"k{value}", value, shard: 0);
        }

        shards.Send("k5", 5, shard: 1);
        shards.Send("k6", 6, shard: 1);
        shards.Calls.Values.ShouldBe([1, 2]);
        shards.Counters.CallsInFlight.ShouldBe(2);
        foreach (var value in new[] { 1, 2, 3, 5, 4, 6 })
        {
            shards.Succeed(value, $"{value}");
            shards.Calls.OpenScopes.ShouldBeLessThanOrEqualTo(2);
        }

        shards.Calls.Values.ShouldBe([1, 2, 3, 5, 4, 6], "each shard in its turn");
        shards.Counters.Emitted.ShouldBe(6);
    }

    [Fact]
    public void At_the_bound_of_what_is_parked_the_partition_is_held_and_nothing_is_dropped()
    {
        var shards = new CallShards(parking: new ParkingLimits { Records = 2 });
        foreach (var value in new[] { 1, 2, 3 })
        {
            shards.Send("k", value);
        }

        shards.Counters.Received.ShouldBe(2, "the third is not handled");
        shards.Counters.ParkedRecords.ShouldBe(2);
        shards.Succeed(1, "one");
        shards.Counters.Received.ShouldBe(3);
        shards.Succeed(2, "two");
        shards.Succeed(3, "three");
        shards.Sink.Values.ShouldBe(["one", "two", "three"]);
        shards.Counters.ParkedRecords.ShouldBe(0);
    }

    [Fact]
    public void Results_wait_while_the_sinks_take_nothing_and_calls_go_on_meanwhile()
    {
        var shards = new CallShards();
        shards.Sink.GoAway();
        for (var value = 0; value < 9; value++)
        {
            shards.Send($"k{value}", value);
        }

        for (var value = 0; value < 8; value++)
        {
            shards.Succeed(value, $"{value}");
        }

        shards.Calls.Values.Count().ShouldBeGreaterThan(4, "the outbox takes two, and the sink has two");
        shards.Counters.ParkedRecords.ShouldBeGreaterThan(2);
        shards.Sink.ComeBack();
        shards.Time.RunTurns();
        shards.Succeed(8, "8");
        shards.Sink.Values.Order().ShouldBe(Enumerable.Range(0, 9).Select(static value => $"{value}"));
        shards.One.Committable(0).ShouldBe(9);
    }

    [Fact]
    public void The_id_of_a_record_that_is_given_up_is_forgotten_and_no_other()
    {
        var shards = new CallShards(more: static route =>
            route.DedupById(static number => (UInt128)(number % 10), TimeSpan.FromHours(1)));
        shards.Send("k", 1);
        shards.Send("k", 2);
        shards.Send("k", 3);
        shards.Fail(1, new FormatException());
        shards.Succeed(2, "two");
        shards.Succeed(3, "refuse");
        foreach (var value in new[] { 11, 12, 13 })
        {
            shards.Send("k", value);
        }

        shards.Succeed(11, "eleven");
        shards.Calls.Values.ShouldBe([1, 2, 3, 11, 13], "the bytes of 2 were called for with success");
        shards.Counters.Duplicates.ShouldBe(1);
    }

    [Fact]
    public void A_result_that_cannot_be_emitted_is_a_dead_letter_without_outputs()
    {
        var shards = new CallShards();
        shards.Send("k", 1);
        shards.Succeed(1, "refuse");
        shards.Sink.Taken.ShouldBeEmpty();
        shards.Dead.Taken.ShouldHaveSingleItem().Headers["error_type"].ShouldBe("FormatException");
        shards.One.Committable(0).ShouldBe(1);
    }

    [Fact]
    public void A_value_may_be_a_ref_struct_over_the_bytes()
    {
        var shards = new CallShards(define: static (builder, options) => builder.From("t", new Views())
            .DeadLetters("dlq").MapAsync<ViewMap, string>(options).To(CallShards.Target()));
        shards.Send("k", 0x01020304);
        shards.Sink.Values.ShouldBe(["4 bytes, the first is 4"]);
    }

    [Fact]
    public void Entities_behind_the_calls_get_what_these_give_in_the_order_of_the_key()
    {
        var shards = new CallShards(define: static (builder, options) => builder.From("t", new Numbers())
            .DeadLetters("dlq").MapAsync<ManualMap, string>(options)
            .Entity<Joiner, Joiner.State, string>().To(CallShards.Target()));
        shards.Send("a", 1);
        shards.Send("a", 2);
        shards.Send("a", 3);
        shards.Send("b", 4);
        shards.Succeed(4, "x");
        shards.Succeed(1, "a");
        shards.Succeed(2, "throw");
        shards.Succeed(3, "b");
        shards.Sink.Values.ShouldBe(["x", "a", "ab"]);
        shards.Dead.Taken.Count.ShouldBe(1);
        shards.Counters.Failed.ShouldBe(1);
        shards.One.Committable(0).ShouldBe(4);
    }

    [Fact]
    public void What_calls_give_may_go_on_by_another_key_through_an_internal_topic()
    {
        var builder = new PipelineBuilder("p");
        builder.From("t", new Numbers()).MapAsync<ManualMap, string>()
            .Repartition("by-text", new Text(), static text => text, new RepartitionOptions { Partitions = 2 })
            .To(CallShards.Target());
        builder.Build().Routes.Select(static route => route.Topic).ShouldBe(["t", "p-by-text-repartition"]);
    }

    [Fact]
    public void Options_that_are_configured_once_the_pipeline_is_composed_hold()
    {
        var shards = new CallShards(
            new() { Retry = Retry.On<IOException>(2, TimeSpan.FromSeconds(1)) },
            define: static (builder, options) =>
            {
                builder.From("t", new Numbers()).DeadLetters("dlq").MapAsync<ManualMap, string>(options)
                    .To(CallShards.Target());
                var configured = options with { MaxInFlight = 1, Retry = options.Retry with { Attempts = 1 } };
                var settings = PipelineSettings.Of(builder) with
                {
                    Maps = new Dictionary<string, MapAsyncOptions> { ["ManualMap"] = configured },
                };
                settings.ApplyTo(builder);
            });
        shards.Send("a", 1);
        shards.Send("b", 2);
        shards.Calls.Values.ShouldBe([1]);
        shards.Fail(1, new IOException());
        shards.Dead.Taken.Count.ShouldBe(1, "there is no second attempt");
        shards.Calls.Values.ShouldBe([1, 2]);
    }

    [Fact]
    public void Steps_whose_settings_could_not_be_told_apart_are_named_when_the_pipeline_is_composed()
    {
        var builder = new PipelineBuilder("p");
        builder.From("t", new Numbers()).MapAsync<ManualMap, string>().To(CallShards.Target());
        builder.From("u", new Numbers()).MapAsync<ManualMap, string>(new() { Name = "manualmap" })
            .To(CallShards.Target());
        builder.From("v", new Numbers()).MapAsync<ManualMap, string>(new() { Name = "a:b" }).To(CallShards.Target());
        builder.Mistakes().ShouldBe(
        [
            "Two MapAsync steps have the name manualmap: give each its own with MapAsyncOptions.Name.",
            "MapAsync<ManualMap> of v is named \"a:b\": a name has at least a letter, and no colon.",
        ]);
    }

    [Fact]
    public void Options_out_of_range_are_named_when_the_pipeline_is_composed()
    {
        var builder = new PipelineBuilder("p") { Limits = new() { Parking = new() { Records = 0, Bytes = -1 } } };
        var options = new MapAsyncOptions
        {
            MaxInFlight = 0,
            Timeout = TimeSpan.Zero,
            Retry = Retry.On<IOException>(0, TimeSpan.FromSeconds(1)),
        };
        builder.From("t", new Numbers()).MapAsync<ManualMap, string>(options).To(CallShards.Target());
        var message = Should.Throw<PipelineException>(builder.Build).Message;
        foreach (var mistake in new[]
        {
            "Maps:ManualMap:MaxInFlight is \"0\" (code): it must be a whole number from 1 to 100000.",
            "Maps:ManualMap:Timeout is \"0s\" (code): it must be a time from 1ms to 1h",
            "Maps:ManualMap:Retry:Attempts is \"0\"", "Parking:Records is \"0\"", "Parking:Bytes is \"-1\"",
        })
        {
            message.ShouldContain(mistake);
        }
    }

    private readonly ref struct View(ReadOnlySpan<byte> bytes)
    {
        public ReadOnlySpan<byte> Bytes { get; } = bytes;
    }

    private sealed class Views : ICodec<View>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out View value, out Rejection rejection)
        {
            value = new View(bytes);
            rejection = default;
            return true;
        }

        public void Write(scoped in View value, System.Buffers.IBufferWriter<byte> output) =>
            throw new NotSupportedException();
    }

    private sealed class ViewMap : IAsyncMap<View, string>
    {
        public ValueTask<string?> MapAsync(View value, Call call, CancellationToken stop) =>
            LaterAsync(value.Bytes.Length, value.Bytes[0]);

        private static async ValueTask<string?> LaterAsync(int length, byte first)
        {
            await ValueTask.CompletedTask;
            return $"{length} bytes, the first is {first}";
        }
    }

    private sealed class Joiner : IEntity<string, Joiner.State, string>
    {
        public void On(string record, ref State state, Turn<string> turn)
        {
            if (record == "throw")
            {
                throw new FormatException();
            }

            state.Text += record;
            turn.Emit(state.Text);
        }

        [StateVersion(1)]
        internal sealed class State
        {
            public string Text { get; set; } = "";
        }
    }
}
