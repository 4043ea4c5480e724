using Microsoft.Extensions.DependencyInjection;

namespace StreamActors.Testing.Tests;

public sealed class ProcessTests
{
    [Fact]
    public void A_restart_reads_nothing_again()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.Send("in", "k", "a");
        test.Send("in", "k", "b");
        test.Restart();
        test.Send("in", "k", "c");
        test.Expect("out", "a", "b", "c");
    }

    [Fact]
    public void A_crash_reads_again_what_was_not_committed()
    {
        using var test = PipelineTest.Of(Routes.Echo);
        test.Send("in", "k", "a");
        test.Advance(TimeSpan.FromSeconds(6));
        test.Send("in", "k", "b");
        test.Send("in", "k", "c");
        test.Read<string>("out");
        test.Crash();
        test.Expect("out", "c");
    }

    [Fact]
    public void What_was_committed_by_the_interval_is_not_read_again_after_a_crash()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.Timing = new() { CommitInterval = TimeSpan.FromSeconds(20) };
            Routes.Echo(pipeline);
        });
        test.Send("in", "k", "a");
        test.Send("in", "k", "b");
        test.Advance(TimeSpan.FromSeconds(19.9));
        test.Path("in", "k");
        test.Read<string>("out");
        test.Crash();
        test.Expect("out", "b");
        test.Advance(TimeSpan.FromSeconds(20));
        test.Crash();
        test.Expect<string>("out");
    }

    [Fact]
    public void A_revoke_lets_out_what_a_window_holds_and_a_loss_reads_it_again()
    {
        using var test = PipelineTest.Of(Routes.Latest);
        test.Send("in", "k", "a1");
        test.Revoke();
        test.Expect("channel-a", "a1");
        test.Send("in", "k", "a2");
        test.Lose();
        test.Expect<string>("channel-a");
        test.Advance(Routes.Window);
        test.Expect("channel-a", "a2");
        test.Trace.ShouldContain("lost, without a hand-over");
    }

    [Fact]
    public void Each_process_has_services_of_its_own_and_shares_the_fakes_of_the_test()
    {
        var fake = new Fake();
        var made = 0;
        using var test = PipelineTest.Of(Routes.Echo, services =>
        {
            made++;
            services.AddSingleton(fake);
        });
        test.Restart();
        test.Crash();
        made.ShouldBe(3);
        fake.IsDisposed.ShouldBeFalse();
    }

    [Fact]
    public void A_group_that_starts_at_the_end_reads_what_is_sent_after_the_test_began()
    {
        using var test = PipelineTest.Of(static pipeline =>
        {
            pipeline.StartAt = StartAt.Latest;
            Routes.Echo(pipeline);
        });
        test.Send("in", "k", "a");
        test.Expect("out", "a");
    }

    [Fact]
    public void Dedup_tells_a_duplicate_in_the_path_of_its_record()
    {
        using var test = PipelineTest.Of(Routes.Dedup);
        test.Send("in", "k", "a");
        test.Send("in", "k", "a");
        test.Expect("out", "a");
        test.Path("in", "k").ShouldContain("in/0@1 k: a duplicate: its id was seen before");
        test.Advance(TimeSpan.FromMinutes(61));
        test.Send("in", "k", "a");
        test.Expect("out", "a");
    }

    [Fact]
    public void What_user_code_made_is_disposed_of_at_a_stop_and_at_the_end_and_not_at_a_crash()
    {
        var disposed = new List<string>();
        var test = PipelineTest.Of(
            static pipeline =>
                pipeline.From("in", Codec.Text).Entity<Leaver, Tally, string>().To(Routes.ToTopic("out")),
            services => services.AddSingleton(disposed));
        test.Send("in", "k", "first");
        test.Crash();
        disposed.ShouldBeEmpty();
        test.Send("in", "k", "second");
        test.Restart();
        disposed.ShouldBe(["second"]);
        test.Send("in", "k", "third");
        test.Dispose();
        disposed.ShouldBe(["second", "third"]);
    }

    internal sealed class Leaver(List<string> disposed) : IEntity<string, Tally, string>, IDisposable
    {
        private string last = "";

        public void On(string record, ref Tally state, Turn<string> turn) => last = record;

        public void Dispose() => disposed.Add(last);
    }

    private sealed class Fake : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
