using Microsoft.Extensions.DependencyInjection;
using StreamActors.Limits;

namespace StreamActors.Testing.Tests;

/// <summary>What is parked for calls has a budget of its own: what happens at its bounds, the pipeline says.</summary>
public sealed class ParkingFullTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(Store.Auto)]
    [InlineData(Store.None)]
    public void Unless_it_says_more_the_partition_is_held_and_nothing_is_given_up(string store)
    {
        using var test = Start(new() { Records = 2 }, Hangs("a", "b"), store: store);
        test.SendAll("in", [("a", "a"), ("b", "b"), ("c", "c"), ("d", "d")]);
        test.Advance(TimeSpan.FromMinutes(2));
        test.Expect<string>("out");
        test.DeadLetters.ShouldBeEmpty();
        test.Advance(Hour);
        test.Read<string>("out").Order().ShouldBe(["a", "b", "c", "d"]);
    }

    [Theory]
    [InlineData(Store.Auto)]
    [InlineData(Store.None)]
    public void The_oldest_is_a_dead_letter_with_its_bytes_and_reason_and_the_others_go_on(string store)
    {
        using var test = Start(
            new() { Records = 2, WhenFull = WhenParkingFull.DeadLetterOldest }, Hangs("a", "b"), store: store)
            .AllowFailures();
        test.SendAll("in", [("a", "a"), ("b", "b"), ("c", "c"), ("d", "d")]);
        test.Advance(TimeSpan.FromSeconds(1));
        test.Read<string>("out").ShouldBe(["c", "d"]);
        test.DeadLetters.Select(static letter => letter.Key).ShouldBe(["a", "b"]);
        var letter = test.DeadLetters[0];
        (letter.ErrorType, letter.Attempts).ShouldBe(("ParkingFullException", 1));
        letter.ErrorMessage.ShouldContain("2 records with ");
        letter.ErrorMessage.ShouldContain("the oldest, parked for ");
        test.Advance(Hour);
        test.Restart();
        test.Expect<string>("out");
    }

    [Fact]
    public void The_next_record_of_its_key_goes_on_in_order()
    {
        using var test = Start(
            new() { Records = 3, WhenFull = WhenParkingFull.DeadLetterOldest }, Hangs("a1")).AllowFailures();
        test.SendAll("in", [("a", "a1"), ("a", "a2"), ("a", "a3"), ("a", "a4")]);
        test.Advance(TimeSpan.FromSeconds(1));
        test.Expect("out", "a2", "a3", "a4");
        test.DeadLetters.ShouldHaveSingleItem().Source.Offset.ShouldBe(0);
    }

    [Fact]
    public void One_that_waits_for_its_next_attempt_is_given_up_with_the_error_of_the_last()
    {
        using var test = Start(
            new() { Records = 1, WhenFull = WhenParkingFull.DeadLetterOldest },
            static (text, _, _) => text == "a" ? throw new IOException("refused") : ValueTask.FromResult<string?>(text),
            new() { Retry = Retry.On<IOException>(9, Minute) with { Longest = Hour } }).AllowFailures();
        test.Send("in", "a", "a");
        test.Send("in", "b", "b");
        test.Advance(TimeSpan.FromSeconds(1));
        test.Expect("out", "b");
        test.DeadLetters.ShouldHaveSingleItem().ErrorMessage.ShouldEndWith("is given up. IOException: refused");
    }

    [Fact]
    public void One_that_waits_for_a_place_is_given_up_and_the_place_goes_to_another()
    {
        using var test = Start(
            new() { Records = 1, WhenFull = WhenParkingFull.DeadLetterOldest },
            Hangs("a"),
            new() { MaxInFlight = 1, Timeout = Minute },
            partitions: 3).AllowFailures();
        test.Send("in", "a", "a", new SendOptions { Partition = 0 });
        test.Send("in", "b", "b", new SendOptions { Partition = 1 });
        test.Send("in", "c", "c", new SendOptions { Partition = 2 });
        test.Send("in", "d", "d", new SendOptions { Partition = 1 });
        test.Advance(TimeSpan.FromSeconds(1));
        test.Advance(Minute);
        test.Settle();
        test.DeadLetters[^1].Key.ShouldBe("a");    // its time was over
        var handled = test.Read<string>("out").Concat(test.DeadLetters.Select(static letter => letter.Key!));
        handled.Order().ShouldBe(["a", "b", "c", "d"]);
    }

    [Theory]
    [InlineData(WhenParkingFull.Hold, 0)]
    [InlineData(WhenParkingFull.DeadLetterOldest, 1)]
    public void A_record_that_is_parked_for_too_long_holds_the_partition_or_is_given_up(
        WhenParkingFull policy, int deadLetters)
    {
        using var test = Start(new() { Age = Minute, WhenFull = policy }, Hangs("a")).AllowFailures();
        test.Send("in", "a", "a");
        test.Advance(Minute - TimeSpan.FromSeconds(1));
        test.Send("in", "b", "b");
        test.Expect("out", "b");
        test.DeadLetters.ShouldBeEmpty();
        test.Advance(TimeSpan.FromSeconds(2));
        test.DeadLetters.Count.ShouldBe(deadLetters);
        test.Send("in", "c", "c");
        test.Read<string>("out").ShouldBe(deadLetters == 1 ? ["c"] : []);
        test.Advance(Hour);
        test.Read<string>("out").Order().ShouldBe(deadLetters == 1 ? [] : ["a", "c"]);
    }

    [Fact]
    public void A_route_without_a_place_for_them_cannot_give_up_the_oldest() => Should.Throw<PipelineException>(
            static () => PipelineTest.Of(static pipeline =>
            {
                pipeline.Limits = new() { Parking = new() { WhenFull = WhenParkingFull.DeadLetterOldest } };
                pipeline.From("in", Codec.Text).MapAsync<Asking, string>().To(Routes.ToTopic("out"));
            }))
        .Message.ShouldContain("the route in, which calls, has no topic for dead letters");

    private static Func<string, TimeProvider, CancellationToken, ValueTask<string?>> Hangs(params string[] texts) =>
        async (text, time, stop) =>
        {
            await Task.Delay(texts.Contains(text) ? Hour / 2 : TimeSpan.Zero, time, stop);
            return text;
        };

    private static PipelineTest Start(
        ParkingLimits parking,
        Func<string, TimeProvider, CancellationToken, ValueTask<string?>> ask,
        MapAsyncOptions? options = null,
        int partitions = 1,
        string store = Store.Auto) => PipelineTest.Of(
            pipeline =>
            {
                pipeline.Store = store;
                pipeline.Limits = new() { Parking = parking };
                pipeline.From("in", Codec.Text).MapAsync<Asking, string>(options ?? new() { Timeout = Hour })
                    .To(Routes.ToTopic("out")).DeadLetters("dlq");
            },
            services => services.AddSingleton(ask),
            new PipelineTestOptions { Partitions = partitions });

    private sealed class Asking(
        Func<string, TimeProvider, CancellationToken, ValueTask<string?>> ask, TimeProvider time)
        : IAsyncMap<string, string>
    {
        public ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop) => ask(value, time, stop);
    }
}
