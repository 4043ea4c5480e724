namespace StreamActors.Testing.Tests;

public sealed class DeterminismTests
{
    [Fact]
    public void The_same_case_leaves_the_same_trace()
    {
        var traces = Enumerable.Range(0, 3).Select(static _ => Run(seed: 7)).Distinct().ToList();
        traces.ShouldHaveSingleItem().Length.ShouldBeGreaterThan(10_000);
    }

    [Fact]
    public void Another_seed_is_another_schedule_with_the_same_outputs()
    {
        var traces = Enumerable.Range(1, 5).Select(Run).Distinct().ToList();
        traces.Count.ShouldBe(5);
    }

    [Fact]
    public void Nothing_of_a_case_runs_on_another_thread()
    {
        var thread = Environment.CurrentManagedThreadId;
        var (own, others) = (0, 0);
        using var test = PipelineTest.Of(pipeline => pipeline.From("in", Codec.Text)
            .Map(text =>
            {
                _ = Environment.CurrentManagedThreadId == thread ? own++ : others++;
                return text;
            })
            .Every(Routes.Window).Latest().To(Routes.ToTopic("out")));
        test.FailSink("kafka", 2);
        for (var number = 0; number < 100; number++)
        {
            test.Send("in", $"{number % 7}", "x");
            test.Advance(TimeSpan.FromMilliseconds(100));
        }

        test.Restart();
        own.ShouldBeGreaterThan(100);
        others.ShouldBe(0);
    }

    private static string Run(int seed)
    {
        using var test = PipelineTest.Of(Cases.Define, options: new PipelineTestOptions { Seed = seed, Partitions = 4 })
            .AllowFailures();
        var expected = Cases.Drive(test);
        test.Written("out").Count.ShouldBeGreaterThanOrEqualTo(expected);
        return test.Trace;
    }

    /// <summary>A case that has some of everything.</summary>
    private static class Cases
    {
        public static void Define(PipelineBuilder pipeline)
        {
            Routes.Fragile(pipeline);
            pipeline.From("views", Json.Of<PageView>()).Entity<Visits, Session, SessionEnded>()
                .To(new Sinks.Target<SessionEnded>("kafka", "sessions", Json.Of<SessionEnded>()));
            pipeline.From("pings", Codec.Text).Every(Routes.Window).Latest()
                .To(new Sinks.Target<string>("redis", "channel", Codec.Text));
        }

        public static int Drive(PipelineTest test)
        {
            var expected = 0;
            for (var number = 0; number < 60; number++)
            {
                var key = $"k{number % 11}";
                test.SendAll("in", Enumerable.Range(0, 5).Select(each => ($"k{each}", number % 10 == 9 ? "bad" : "x")));
                expected += number % 10 == 9 ? 0 : 5;
                test.Send("views", key, new PageView(key, "/a"));
                test.Send("pings", key, $"{number}");
                test.Advance(TimeSpan.FromMilliseconds(number * 50));
                switch (number)
                {
                    case 15: test.FailSink("redis", 5); break;
                    case 20: test.Revoke(); break;
                    case 30: test.Crash(); break;
                    case 40: test.Restart(); break;
                    case 50: test.Lose(); break;
                    default: break;
                }
            }

            test.Advance(TimeSpan.FromMinutes(31));
            return expected;
        }
    }
}
