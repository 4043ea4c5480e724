using StreamActors.Core.Tests.Doubles;
using StreamActors.Limits;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Shards;

public sealed class RouteRunnerTests
{
    [Fact]
    public void Ids_that_dedup_forgets_for_want_of_memory_are_counted()
    {
        var route = MakeRoute(new PipelineLimits { DedupBytes = 1 });
        for (var number = 0; number < 10_000; number++)
        {
            route.Send("k", number);
        }

        route.Counters.ForgottenIds.ShouldBeInRange(8_000, 9_999);
        route.Send("k", 9_999);
        route.Counters.Duplicates.ShouldBe(1, "the youngest are remembered");
        route.Send("k", 0);
        route.Counters.Duplicates.ShouldBe(1, "the oldest are not");
    }

    [Fact]
    public void A_defect_of_the_engine_is_not_taken_for_one_of_the_record()
    {
        var route = MakeRoute(new PipelineLimits());
        Should.Throw<EngineDefectException>(
            () => route.Handle(offset: 7, "k"u8, BitConverter.GetBytes(1)), "the ledger never received it");
        route.Advance(TimeSpan.Zero);
        route.Counters.Failed.ShouldBe(0);
    }

    private static OneRoute MakeRoute(PipelineLimits limits) => new(
        static builder => builder.From("t", new Numbers())
            .DedupById(static number => (UInt128)number, TimeSpan.FromMinutes(1))
            .To(new Target<int>("sink", static _ => "out", new Numbers())),
        limits);
}
