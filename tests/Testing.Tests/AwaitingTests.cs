using Microsoft.Extensions.DependencyInjection;

namespace StreamActors.Testing.Tests;

public sealed class AwaitingTests
{
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(20);

    [Fact]
    public void A_call_that_waits_for_virtual_time_goes_on_by_advance_and_on_the_same_thread()
    {
        var threads = new HashSet<int> { Environment.CurrentManagedThreadId };
        using var test = Start(async (text, time, stop) =>
        {
            await Task.Delay(Wait, time, stop);
            threads.Add(Environment.CurrentManagedThreadId);
            await Task.Delay(Wait, time, stop).ConfigureAwait(false);
            threads.Add(Environment.CurrentManagedThreadId);
            return text + "!";
        });
        test.Send("in", "k", "a");
        test.Send("in", "l", "b");
        test.Path("in", "k").ShouldContain("waits: in k: call 1 of Asking is under way");
        test.Advance(Wait);
        test.Expect<string>("out");
        test.Advance(Wait);
        test.Expect("out", "a!", "b!");
        threads.Count.ShouldBe(1);
    }

    [Fact]
    public void An_HttpClient_over_a_fake_that_waits_for_virtual_time_needs_no_real_time()
    {
        using var test = PipelineTest.Of(
            static pipeline => pipeline.From("in", Codec.Text).MapAsync<Fetching, string>().To(Routes.ToTopic("out")),
            static services => services.AddSingleton(
                static all => new HttpClient(new SlowServer(all.GetRequiredService<TimeProvider>()))));
        test.Send("in", "k", "a");
        test.Advance(Wait);
        test.Expect("out", "a by HTTP");
    }

    [Fact]
    public void A_call_that_fails_is_made_again_at_its_time_and_the_trace_says_when()
    {
        var attempts = 0;
        using var test = Start(
            (text, _, _) => ++attempts < 3
                ? throw new HttpRequestException("away")
                : ValueTask.FromResult<string?>(text),
            new MapAsyncOptions { Retry = Retry.On<HttpRequestException>(3, TimeSpan.FromSeconds(1)) });
        test.Send("in", "k", "a");
        test.Send("in", "k", "b");
        attempts.ShouldBe(1);
        test.Path("in", "k").ShouldContain(
            "waits: in k: waits for call 2 of Asking, because the one before failed: HttpRequestException: away, due "
            + "at 00:00:0");
        test.Path("in", "k").ShouldContain("waits behind another record of its key");
        test.Path("in", "k").ShouldContain(
            "in/0@0 k: call of Asking failed, and is made again: HttpRequestException: away");
        test.Advance(TimeSpan.FromSeconds(10));
        test.Expect("out", "a", "b");
    }

    [Fact]
    public void Without_jitter_each_attempt_is_made_exactly_when_the_policy_says()
    {
        var began = new List<double>();
        using var test = Start(
            (text, time, _) =>
            {
                began.Add((time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds);
                throw new IOException("away");
            },
            new MapAsyncOptions
            {
                Retry = Retry.On<IOException>(5, TimeSpan.FromSeconds(1)) with { Longest = TimeSpan.FromSeconds(3) },
            },
            new PipelineTestOptions { Jitter = false }).AllowFailures();
        test.Send("in", "k", "a");
        test.Advance(TimeSpan.FromSeconds(9) - TimeSpan.FromMilliseconds(1));
        test.DeadLetters.ShouldBeEmpty();
        test.Advance(TimeSpan.FromMilliseconds(1));
        began.Select(each => each - began[0]).ShouldBe([0, 1, 3, 6, 9]);
    }

    [Fact]
    public void A_call_that_takes_too_long_ends_the_advance_in_which_its_time_is_over()
    {
        using var test = Start(
            async (text, time, stop) =>
            {
                await Task.Delay(TimeSpan.FromHours(1), time, stop);
                return text;
            },
            new MapAsyncOptions { Timeout = TimeSpan.FromSeconds(2) });
        test.Send("in", "k", "a");
        test.Advance(TimeSpan.FromSeconds(1.9));
        Should.Throw<PipelineTestException>(() => test.Advance(TimeSpan.FromSeconds(0.1)))
            .InnerException.ShouldBeOfType<TimeoutException>();
    }

    [Fact]
    public void What_the_test_completes_goes_on_when_it_settles()
    {
        var answer = new TaskCompletionSource<string?>();
        using var test = Start((_, _, _) => new ValueTask<string?>(answer.Task));
        test.Send("in", "k", "a");
        test.Advance(TimeSpan.FromSeconds(1));
        test.Expect<string>("out");
        answer.SetResult("now");
        test.Settle();
        test.Expect("out", "now");
    }

    [Fact]
    public void What_runs_on_the_thread_pool_is_there_when_the_test_has_settled()
    {
        using var test = Start(static async (text, _, stop) =>
        {
            await Task.Run(static () => Thread.Sleep(20), stop);
            return text;
        });
        test.SendAll("in", Enumerable.Range(0, 50).Select(static number => ($"k{number}", "x")));
        test.Settle();
        test.Read<string>("out").Count.ShouldBe(50);
    }

    [Fact]
    public void A_test_that_does_not_settle_says_which_calls_are_under_way()
    {
        using var test = Start(static async (text, time, stop) =>
        {
            await Task.Delay(Wait, time, stop);
            return text;
        });
        test.Send("in", "k", "a");
        var message = Should.Throw<PipelineTestException>(() => test.Settle(TimeSpan.FromMilliseconds(50))).Message;
        message.ShouldStartWith("Calls under way after 0.05 s: 1. One that waits for virtual time goes on by Advance.\n"
            + "waits: in k: call 1 of Asking is under way");
    }

    [Fact]
    public void The_same_case_with_calls_leaves_the_same_trace()
    {
        static string Run()
        {
            var random = new Random(1);
            using var test = Start(
                async (text, time, stop) =>
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 50)), time, stop);
                    return random.Next(4) == 0 ? throw new HttpRequestException("away") : text;
                },
                new MapAsyncOptions { MaxInFlight = 3, Retry = Retry.On<HttpRequestException>(20, Wait) });
            for (var number = 0; number < 100; number++)
            {
                test.Send("in", $"k{number % 7}", $"{number}");
                test.Advance(TimeSpan.FromMilliseconds(7));
            }

            test.Advance(TimeSpan.FromMinutes(1));
            test.Read<string>("out").Count.ShouldBe(100);
            return test.Trace;
        }

        Run().ShouldBe(Run());
    }

    [Fact]
    public void A_revoke_waits_for_calls_as_long_as_its_drain_may_and_what_is_cut_comes_again()
    {
        using var test = Start(static async (text, time, stop) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(3), time, stop);
            return text;
        });
        test.Send("in", "k", "a");
        test.Revoke();
        test.Time.Elapsed.ShouldBeGreaterThan(TimeSpan.FromMilliseconds(700));
        test.Trace.ShouldContain("1 not done");
        test.Advance(TimeSpan.FromSeconds(3));
        test.Expect("out", "a");
    }

    [Fact]
    public void With_a_store_a_hand_over_waits_for_no_retry_and_nothing_but_the_record_comes_again()
    {
        var attempts = 0;
        using var test = Start(
            (text, _, _) => text == "a" && ++attempts == 1
                ? throw new IOException("away")
                : ValueTask.FromResult<string?>(text),
            new MapAsyncOptions { Retry = Retry.On<IOException>(3, TimeSpan.FromSeconds(20)) });
        test.SendAll("in", [("k", "a"), ("l", "b"), ("m", "c")]);
        test.Read<string>("out").Order().ShouldBe(["b", "c"]);
        test.Revoke();
        test.Time.Elapsed.ShouldBe(TimeSpan.Zero);
        test.Trace.ShouldNotContain("not done");
        test.Expect("out", "a");
    }

    [Fact]
    public void A_revoke_does_not_wait_for_a_retry_that_is_due_after_its_limit_and_the_record_comes_again()
    {
        var attempts = 0;
        using var test = Start(
            (text, _, _) => ++attempts == 1 ? throw new IOException("away") : ValueTask.FromResult<string?>(text),
            new MapAsyncOptions { Retry = Retry.On<IOException>(3, TimeSpan.FromSeconds(20)) },
            store: Store.None);
        test.Send("in", "k", "a");
        test.Revoke();
        test.Time.Elapsed.ShouldBe(TimeSpan.Zero);
        test.Trace.ShouldContain("1 not done");
        test.Expect("out", "a");
        attempts.ShouldBe(2, "the next owner begins anew");
    }

    [Fact]
    public void Records_done_behind_one_that_waits_for_its_retry_come_again_and_the_hand_over_counts_them()
    {
        var attempts = 0;
        using var test = Start(
            (text, _, _) => text == "a" && ++attempts == 1
                ? throw new IOException("away")
                : ValueTask.FromResult<string?>(text),
            new MapAsyncOptions { Retry = Retry.On<IOException>(3, TimeSpan.FromSeconds(20)) },
            store: Store.None);
        test.SendAll("in", [("k", "a"), ("l", "b"), ("m", "c"), ("n", "d")]);
        test.Read<string>("out").Order().ShouldBe(["b", "c", "d"]);
        test.Revoke();
        test.Read<string>("out").Order().ShouldBe(["a", "b", "c", "d"]);
        test.Trace.ShouldContain("revoked; 1 not done, 3 done behind these");
    }

    [Fact]
    public void A_stop_waits_for_a_retry_that_is_due_within_its_limit_and_for_no_other()
    {
        var attempts = 0;
        using var test = Start(
            (text, _, _) => ++attempts <= 2 ? throw new IOException("away") : ValueTask.FromResult<string?>(text),
            new MapAsyncOptions { Retry = Retry.On<IOException>(3, TimeSpan.FromSeconds(6)) },
            store: Store.None);
        test.Send("in", "k", "a");
        test.Restart();
        attempts.ShouldBe(3, "one in the first process within its ten seconds, one in the next");
        test.Time.Elapsed.ShouldBeInRange(TimeSpan.FromSeconds(4.8), TimeSpan.FromSeconds(7.2));
        test.Expect("out", "a");
    }

    private static PipelineTest Start(
        Func<string, TimeProvider, CancellationToken, ValueTask<string?>> ask,
        MapAsyncOptions? options = null,
        PipelineTestOptions? kit = null,
        string store = Store.Auto) =>
        PipelineTest.Of(
            pipeline =>
            {
                pipeline.Store = store;
                pipeline.From("in", Codec.Text).MapAsync<Asking, string>(options).To(Routes.ToTopic("out"));
            },
            services => services.AddSingleton(ask),
            kit);

    internal sealed class Asking(
        Func<string, TimeProvider, CancellationToken, ValueTask<string?>> ask, TimeProvider time)
        : IAsyncMap<string, string>
    {
        public ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop) => ask(value, time, stop);
    }

    internal sealed class Fetching(HttpClient http) : IAsyncMap<string, string>
    {
        public async ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop) =>
            await http.GetStringAsync(new Uri($"http://geo/{value}"), stop);
    }

    private sealed class SlowServer(TimeProvider time) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Delay(Wait, time, cancellationToken);
            var asked = request.RequestUri!.AbsolutePath[1..];
            return new HttpResponseMessage { Content = new StringContent($"{asked} by HTTP") };
        }
    }
}
