using StreamActors.Core.Tests.Doubles;
using StreamActors.Dedup;
using StreamActors.Entities;
using StreamActors.Limits;
using StreamActors.Metrics;
using StreamActors.Offsets;
using StreamActors.Records;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Entities;

public sealed class EntityStageTests : IEntity<int, EntityStageTests.Visits, string>
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(30);

    private readonly OffsetLedger ledger = new(0, 1_000_000);
    private readonly List<(string Timer, int Seen, long At)> fired = [];
    private readonly ShardContext context;
    private readonly EntityStage<int, Visits, string> stage;
    private RouteCounters.Turnover counts;

    public EntityStageTests()
    {
        context = new ShardContext
        {
            Pipeline = "p",
            Outbox = new Outbox(new Dictionary<string, SinkLane>()),
            Inputs = [new PartitionId("t", 0)],
            Ledgers = [ledger],
            Limits = new PipelineLimits(),
            Timing = new PipelineTiming(),
            DedupMemory = new PagePool(0),
            Events = new RecordedEvents(),
            HashSeed = 1,
            Phase = 0,
        };
        var deadLetters = new DeadLetters("r", null, null, context);
        stage = new EntityStage<int, Visits, string>(this, new Emitter<string>([], context), deadLetters, context);
    }

    [Fact]
    public void A_timer_that_every_record_moves_fires_once_when_the_entity_was_quiet()
    {
        for (var minute = 0; minute < 120; minute += 5)
        {
            Advance(minute);
            Send(minute);
        }

        Advance(115 + 29);
        fired.ShouldBeEmpty();
        Advance(115 + 30);
        fired.ShouldBe([("end", 24, 145 * 60_000L)]);
    }

    [Fact]
    public void A_timer_that_every_record_moves_has_one_entry_in_the_queue()
    {
        for (var now = 0; now < 10_000; now++)
        {
            context.Now = context.UtcNow = now;
            Send(0);
        }

        stage.QueuedTimers.ShouldBe(1);
    }

    [Fact]
    public void A_timer_moved_to_an_earlier_time_fires_then_and_only_then()
    {
        Send(0);
        Send(-20);
        Advance(11);
        fired.Count.ShouldBe(1);
        Advance(1_000);
        fired.Count.ShouldBe(1);
    }

    [Fact]
    public void An_entity_without_timers_is_forgotten_when_it_was_idle()
    {
        Send(-60);
        Advance(0);
        Advance(100);
        stage.NextDue.ShouldBe(long.MaxValue, "no entity is active");
    }

    void IEntity<int, Visits, string>.On(scoped in int minutes, Visits state, Turn<string> turn)
    {
        state.Seen++;
        turn.Timer("end", turn.Now + Quiet + TimeSpan.FromMinutes(Math.Min(minutes, 0)));
    }

    void IEntity<int, Visits, string>.OnTimer(string name, Visits state, Turn<string> turn) =>
        fired.Add((name, state.Seen, context.Now));

    private void Advance(long minutes)
    {
        // In the steps of a shard, whose turns come when something is due.
        for (var now = context.Now; now <= minutes * 60_000; now += 30_000)
        {
            context.Now = context.UtcNow = now;
            stage.OnTime(ref counts);
        }
    }

    private void Send(int minutes)
    {
        using var batch = new RecordBatch();
        batch.Add(ledger.Next, context.UtcNow, "u1"u8, "v"u8, default);
        var offset = ledger.Next;
        ledger.Receive(offset);
        var from = new Keyed { Record = batch[0], EntityKey = "u1"u8, Origin = new Origin(0, offset, 0) };
        stage.Handle(in minutes, in from, ref counts);
        ledger.Complete(offset);
    }

    public sealed class Visits
    {
        public int Seen { get; set; }
    }
}
