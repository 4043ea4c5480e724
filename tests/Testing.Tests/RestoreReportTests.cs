namespace StreamActors.Testing.Tests;

/// <summary>What the log says while a large state is read: the kit has it in its trace.</summary>
public sealed class RestoreReportTests
{
    private const string Reads = "reads its state: ";
    private const string HasRead = "has read its state: ";

    [Fact]
    public void A_large_state_is_told_when_it_begins_to_be_read_every_ten_seconds_and_when_it_is_read()
    {
        using var test = PipelineTest.Of(Counts);
        test.SendAll("in", Enumerable.Range(0, 30).Select(static number => ($"key-{number}", "x")));
        test.Advance(TimeSpan.FromSeconds(10));
        test.Around.ReadAtOnce = 0;
        test.Around.Store.PageEntries = 1;
        test.Around.Store.Before = call =>
        {
            if (call.Operation != StoreOperation.Scan)
            {
                return default;
            }

            var passed = new TaskCompletionSource();
            test.Time.After(TimeSpan.FromSeconds(1), passed.SetResult);
            return new ValueTask(passed.Task);
        };
        test.Restart();
        test.Advance(TimeSpan.FromMinutes(1));
        var lines = test.Trace.Split('\n');
        var reads = lines.Where(static line => line.Contains(Reads)).ToList();
        reads.Count.ShouldBe(3, "after the first page, and each ten seconds");
        reads[0].ShouldContain("1 of 30 entities, ");
        reads[1].ShouldContain("11 of 30 entities, ");
        var done = lines.Where(static line => line.Contains(HasRead)).ShouldHaveSingleItem();
        done.ShouldContain("30 of 30 entities, ");
        done.ShouldNotContain(" 0 bytes");
    }

    [Fact]
    public void A_state_that_is_read_at_once_is_not_worth_a_line()
    {
        using var test = PipelineTest.Of(Counts);
        test.SendAll("in", Enumerable.Range(0, 30).Select(static number => ($"key-{number}", "x")));
        test.Restart();
        test.Advance(TimeSpan.FromMinutes(1));
        test.Trace.ShouldNotContain("its state: ");
    }

    private static void Counts(PipelineBuilder pipeline) =>
        pipeline.From("in", Codec.Text).Entity<Counting, Tally, string>().To(Routes.ToTopic("out"));

    private sealed class Counting : IEntity<string, Tally, string>
    {
        public void On(string record, ref Tally state, Turn<string> turn) => turn.Emit($"{turn.Key} {++state.Count}");
    }
}
