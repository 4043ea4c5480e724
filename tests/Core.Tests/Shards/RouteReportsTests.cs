using System.Collections.Concurrent;
using StreamActors.Core.Tests.Doubles;
using StreamActors.Events;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Shards;

/// <summary>Who reads the log finds as many failures as there were, in few lines.</summary>
public sealed class RouteReportsTests
{
    private static readonly PartitionOffset Place = new(new PartitionId("t", 0), 7);

    private readonly RecordedEvents events = new();
    private readonly RouteReports reports;

    public RouteReportsTests() => reports = new RouteReports(events, "p", "r", every: 10_000);

    [Fact]
    public void Failures_of_all_shards_are_one_line_at_once_and_one_for_the_rest_when_the_while_is_over()
    {
        for (var i = 0; i < 20; i++)
        {
            reports.Failed(now: i, Place, new FormatException());
        }

        Failures().ShouldBe([1]);
        reports.NextDue.ShouldBe(10_000);
        reports.OnTime(9_999);
        Failures().ShouldBe([1]);
        reports.OnTime(10_000);
        Failures().ShouldBe([1, 19]);
        reports.NextDue.ShouldBe(long.MaxValue);
        reports.Failed(now: 10_001, Place, new FormatException());
        Failures().ShouldBe([1, 19], "the while begins anew with each line");
        reports.OnTime(20_000);
        Failures().ShouldBe([1, 19, 1]);
    }

    [Fact]
    public void What_is_kept_back_is_told_when_a_shard_ends_and_silences_nothing_afterwards()
    {
        reports.Rejected(now: 0, Place, new Rejection("a", "is missing"));
        reports.Rejected(now: 1, Place, new Rejection("b", "is missing"));
        reports.TellAll();
        reports.TellAll();
        Rejections().ShouldBe([(1, "a is missing"), (1, "b is missing")]);

        reports.Rejected(now: 10_000, Place, new Rejection("c", "is missing"));
        Rejections().Last().ShouldBe((1, "c is missing"));
    }

    [Fact]
    public void Kinds_do_not_wait_for_each_other()
    {
        reports.Rejected(now: 0, Place, new Rejection("a", "is missing"));
        reports.Failed(now: 0, Place, new FormatException());
        reports.TimerFailed(now: 0, "end", new FormatException());

        events.All.Count.ShouldBe(3);
    }

    [Fact]
    public void Counts_add_up_whichever_threads_count()
    {
        var counts = new Counts();
        var shared = new RouteReports(counts, "p", "r", every: 10_000);

        Parallel.For(0, 1_000, i => shared.Failed(now: i * 50, Place, new FormatException()));
        shared.TellAll();

        counts.All.Sum().ShouldBe(1_000);
        counts.All.Count.ShouldBeLessThan(10);
    }

    [Fact]
    public void A_shard_without_further_records_tells_in_time_what_its_route_kept_back()
    {
        var route = new OneRoute(static pipeline => pipeline.From("t", new Numbers())
            .Require(static value => value >= 0, "celsius", "is below absolute zero")
            .To(new Target<int>("sink", static _ => "out", new Numbers())));
        route.Send("k", -1);
        route.Send("k", -2);
        route.Send("k", -3);

        route.Advance(TimeSpan.FromMilliseconds(route.NextDue));

        route.Events.All.OfType<EngineEvent.RecordsRejected>().Select(static each => each.Count).ShouldBe([1L, 2L]);
        route.NextDue.ShouldBe(long.MaxValue);
    }

    private IEnumerable<long> Failures() =>
        events.All.OfType<EngineEvent.HandlerFailed>().Select(static each => each.Count);

    private IEnumerable<(long, string)> Rejections() =>
        events.All.OfType<EngineEvent.RecordsRejected>().Select(static each => (each.Count, each.Why));

    private sealed class Counts : IEngineEvents
    {
        public ConcurrentBag<long> All { get; } = [];

        public void Report(EngineEvent happened) => All.Add(((EngineEvent.HandlerFailed)happened).Count);
    }
}
