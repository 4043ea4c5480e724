using StreamActors.Core.Tests.Doubles;
using StreamActors.Metrics;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Snapshots;
using StreamActors.Sources;
using StreamActors.Stalls;

namespace StreamActors.Core.Tests.Sinks;

public sealed class SinkLaneTests
{
    private readonly ManualSink sink = new();
    private readonly Membership membership = new();
    private readonly Epoch epoch;
    private readonly SinkCounters counters = new();
    private readonly List<string> acknowledged = [];
    private readonly SinkLane lane;
    private int requested;
    private long time;

    public SinkLaneTests()
    {
        epoch = new Epoch(membership, () => time);
        var gate = new SinkGate("p", "manual", new RecordedEvents(), new Random(1));
        var open = new OpenSink("manual", sink, gate, counters);
        lane = new SinkLane(open, epoch, (3, 1_000), () => Interlocked.Increment(ref requested));
    }

    [Fact]
    public void Outputs_gather_while_a_batch_is_under_way_and_leave_in_order()
    {
        Add("1", "2");
        Pump(0);
        Add("3", "4");
        Pump(1);
        sink.Deliveries.Count.ShouldBe(1, "one at a time");
        lane.HasRoom.ShouldBeTrue();
        Add("5");
        lane.HasRoom.ShouldBeFalse();
        sink.Deliveries[0].Done.SetResult();
        SpinWait.SpinUntil(() => Volatile.Read(ref requested) == 1, TimeSpan.FromSeconds(10)).ShouldBeTrue();
        Pump(2);
        acknowledged.ShouldBe(["1", "2"]);
        sink.Deliveries[1].Done.SetResult();
        Pump(3);
        acknowledged.ShouldBe(["1", "2", "3", "4", "5"]);
        lane.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public void A_failed_batch_is_delivered_again_unchanged_before_anything_else()
    {
        Add("1", "2");
        Pump(0);
        Add("3");
        sink.Deliveries[0].Done.SetException(new SinkException("away"));
        Pump(0);
        lane.Trouble.ShouldBe("away");
        sink.Deliveries.Count.ShouldBe(1);
        Pump(lane.NextDue);
        sink.Deliveries[1].Values.ShouldBe(["1", "2"]);
        sink.Deliveries[1].Done.SetResult();
        Pump(200);
        lane.Trouble.ShouldBeNull();
        sink.Deliveries[2].Values.ShouldBe(["3"]);
    }

    [Fact]
    public void Each_failure_is_counted_once_and_the_success_behind_them_is_none()
    {
        Add("1");
        Pump(0);
        for (var failures = 1; failures <= 2; failures++)
        {
            sink.Deliveries[^1].Done.SetException(new SinkException("away"));
            Pump(lane.NextDue == long.MaxValue ? 0 : lane.NextDue);
            counters.Failures.ShouldBe(failures);
            Pump(lane.NextDue);
        }

        sink.Deliveries.Count.ShouldBe(3);
        sink.Deliveries[^1].Done.SetResult();
        Pump(10_000);
        counters.Failures.ShouldBe(2);
        acknowledged.ShouldBe(["1"]);
    }

    [Fact]
    public void A_failure_thrown_at_once_is_one_like_any_other()
    {
        sink.ThrowAtOnce = new SinkException("away");
        Add("1");
        Pump(0);
        sink.ThrowAtOnce = null;
        Pump(lane.NextDue);
        sink.Deliveries.Count.ShouldBe(1);
    }

    [Fact]
    public void A_sink_that_succeeds_at_once_is_acknowledged_in_the_same_turn_and_asks_for_no_other()
    {
        sink.SucceedsAtOnce = true;
        Add("1", "2");
        Pump(0);
        acknowledged.ShouldBe(["1", "2"]);
        (lane.IsEmpty, lane.IsQuiet, lane.NextDue).ShouldBe((true, true, long.MaxValue));
        Add("3");
        Pump(0);
        acknowledged.ShouldBe(["1", "2", "3"]);
        requested.ShouldBe(0);
    }

    [Fact]
    public void Another_thread_that_asks_for_the_trouble_gets_it_whole_or_not_at_all()
    {
        var outbox = new Outbox(new Dictionary<string, SinkLane> { ["manual"] = lane });
        var (seen, torn, done) = (0, 0, false);
        var reader = new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                var text = outbox.WaitsFor;
                seen += text.StartsWith("manual: ", StringComparison.Ordinal) ? 1 : 0;
                torn += text == "manual: " ? 1 : 0;
            }
        });
        reader.Start();
        for (var now = 0L; now < 100_000_000; now += 1_000)
        {
            sink.ThrowAtOnce = new SinkException("away");
            Add("1");
            Pump(now);
            (sink.ThrowAtOnce, sink.SucceedsAtOnce) = (null, true);
            Pump(lane.NextDue);
            acknowledged.Clear();
            sink.Deliveries.Clear();
        }

        Volatile.Write(ref done, true);
        reader.Join();
        torn.ShouldBe(0);
        seen.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Nothing_leaves_after_the_epoch_closed()
    {
        Add("1");
        Pump(0);
        Add("2");
        epoch.Close();
        sink.Deliveries[0].Done.SetResult();
        Pump(1);
        acknowledged.ShouldBe(["1"]);
        sink.Deliveries.Count.ShouldBe(1);
        lane.NextDue.ShouldBe(long.MaxValue);
    }

    [Fact]
    public void An_owner_that_came_later_ends_the_shard()
    {
        lane.Claimed(new OutputFence(sink.Name, "shard", Token: 1));
        Add("1");
        Pump(0);
        sink.Deliveries[0].Done.SetException(new ShardFencedException("another process"));

        Should.Throw<ShardFencedException>(() => Pump(1));
    }

    [Fact]
    public void A_claim_that_the_shard_makes_again_itself_does_not_end_it()
    {
        lane.Claimed(new OutputFence(sink.Name, "shard", Token: 1));
        Add("1");
        Pump(0);
        lane.ClaimsAgain();
        sink.Deliveries[0].Done.SetException(new ShardFencedException("this very process"));
        Pump(1);
        sink.Deliveries.Count.ShouldBe(1, "nothing is delivered between two claims");

        lane.Claimed(new OutputFence(sink.Name, "shard", Token: 2));
        Pump(2);

        sink.Deliveries[1].Values.ShouldBe(["1"]);
        sink.Deliveries[1].Done.SetResult();
        Pump(3);
        acknowledged.ShouldBe(["1"]);
        lane.IsEmpty.ShouldBeTrue();
        lane.NextDue.ShouldBe(long.MaxValue);
    }

    [Fact]
    public void An_answer_to_the_claim_before_means_nothing_when_it_comes_behind_the_next()
    {
        lane.Claimed(new OutputFence(sink.Name, "shard", Token: 1));
        Add("1");
        Pump(0);
        lane.ClaimsAgain();
        lane.Claimed(new OutputFence(sink.Name, "shard", Token: 2));
        sink.Deliveries[0].Done.SetException(new ShardFencedException("this very process"));

        Pump(1);

        sink.Deliveries[1].Values.ShouldBe(["1"]);
    }

    [Fact]
    public void Nothing_leaves_while_nobody_knows_whether_the_shard_is_still_owned()
    {
        membership.BeginRound(0, TimeSpan.FromSeconds(1));
        membership.Committed(began: 0);
        membership.BeginRound(700, TimeSpan.FromSeconds(1));
        Add("1");
        time = 801;
        Pump(700);    // a turn that began in time, and in which the process fell asleep
        sink.Deliveries.ShouldBeEmpty();
        lane.Describe().Reason.ShouldBe(StallReason.Membership);
        lane.IsEmpty.ShouldBeFalse();

        membership.BeginRound(900, TimeSpan.FromSeconds(1));
        membership.Committed(began: 850);
        lane.NextDue.ShouldBeLessThan(950, "it asks again by itself");
        time = 900;
        Pump(900);
        sink.Deliveries[0].Values.ShouldBe(["1"]);
        lane.Describe().Reason.ShouldNotBe(StallReason.Membership);
    }

    [Fact]
    public void A_sink_that_keeps_no_state_goes_on_between_two_claims()
    {
        lane.Claimed(new OutputFence("another", "shard", Token: 1));
        lane.ClaimsAgain();
        Add("1");

        Pump(0);

        sink.Deliveries.Count.ShouldBe(1);
    }

    [Fact]
    public void Any_other_exception_is_a_defect_of_the_sink()
    {
        Add("1");
        Pump(0);
        sink.Deliveries[0].Done.SetException(new NotSupportedException("defect"));
        Should.Throw<InvalidOperationException>(() => Pump(1)).InnerException.ShouldBeOfType<NotSupportedException>();
    }

    private void Add(params string[] values)
    {
        foreach (var value in values)
        {
            var draft = lane.Filling.Begin("out", default, hasKey: false);
            lane.Filling.BeginValue(ref draft);
            System.Buffers.BuffersExtensions.Write(lane.Filling.Writer, System.Text.Encoding.UTF8.GetBytes(value));
            lane.Filling.End(in draft, new Origin(0, 0, 0));
        }
    }

    private void Pump(long now) => lane.Pump(now, (_, batch, _) =>
    {
        foreach (ref readonly var output in batch.Outputs)
        {
            acknowledged.Add(System.Text.Encoding.UTF8.GetString(batch.Value(output)));
        }
    });
}
