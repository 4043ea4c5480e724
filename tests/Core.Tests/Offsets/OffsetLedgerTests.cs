using StreamActors.Offsets;
using StreamActors.Shards;

namespace StreamActors.Core.Tests.Offsets;

public sealed class OffsetLedgerTests
{
    [Fact]
    public void It_agrees_with_a_naive_model_whatever_the_order() => Property.Holds(static drawn =>
    {
        const int MaxSpan = 3_000;
        var ledger = new OffsetLedger(start: 7, MaxSpan);
        var pending = new SortedDictionary<long, int>();
        var next = 7L;
        foreach (var number in drawn)
        {
            var before = ledger.Committable;
            switch (number % 4)
            {
                case 0 or 1:
                    var offset = next + (number % 7 == 0 ? number % 900 : 0);
                    ledger.HasRoomFor(offset).ShouldBe(pending.Count == 0 || offset - pending.Keys.First() < MaxSpan);
                    if (ledger.HasRoomFor(offset))
                    {
                        ledger.Receive(offset);
                        pending[offset] = 1;
                        next = offset + 1;
                    }

                    break;
                case 2 when pending.Count > 0:
                    var retained = pending.Keys.ElementAt(number / 4 % pending.Count);
                    ledger.Retain(retained);
                    pending[retained]++;
                    break;
                case 3 when pending.Count > 0:
                    var completed = pending.Keys.ElementAt(number / 4 % pending.Count);
                    ledger.Complete(completed);
                    if (--pending[completed] == 0)
                    {
                        pending.Remove(completed);
                    }

                    break;
                default:
                    break;
            }

            ledger.Next.ShouldBe(next);
            ledger.Committable.ShouldBe(pending.Count > 0 ? pending.Keys.First() : next);
            ledger.Committable.ShouldBeGreaterThanOrEqualTo(before);
        }
    });

    [Fact]
    public void The_ring_grows_without_forgetting_what_is_pending()
    {
        var ledger = new OffsetLedger(0, maxSpan: 1_000_000);
        for (var offset = 0; offset < 100_000; offset++)
        {
            ledger.Receive(offset);
        }

        for (var offset = 99_999; offset > 0; offset--)
        {
            ledger.Complete(offset);
        }

        ledger.Committable.ShouldBe(0);
        ledger.Complete(0);
        ledger.Committable.ShouldBe(100_000);
    }

    [Fact]
    public void A_gap_counts_as_done()
    {
        var ledger = new OffsetLedger(0, maxSpan: 100);
        ledger.Receive(0);
        ledger.Receive(50);
        ledger.Complete(0);
        ledger.Committable.ShouldBe(50);
    }

    [Fact]
    public void What_is_completed_or_retained_too_late_is_a_defect()
    {
        var ledger = new OffsetLedger(0, maxSpan: 100);
        ledger.Receive(0);
        ledger.Receive(1);
        ledger.Complete(1);
        Should.Throw<EngineDefectException>(() => ledger.Complete(1));
        Should.Throw<EngineDefectException>(() => new OffsetLedger(0, 100).Retain(0));
    }

    [Fact]
    public void A_record_that_a_snapshot_carries_holds_back_nobody_and_is_done_once()
    {
        var ledger = new OffsetLedger(0, maxSpan: 2);
        ledger.Receive(0);
        ledger.Receive(1);
        ledger.Complete(1);
        ledger.Carry(0);
        (ledger.Committable, ledger.CountPending()).ShouldBe((2, 1));
        ledger.HasRoomFor(2).ShouldBeTrue("the bound is on what nobody has saved");
        ledger.Retain(0);
        ledger.Complete(0).ShouldBeFalse();
        ledger.Complete(0).ShouldBeTrue();
        ledger.CountPending().ShouldBe(0);
        Should.Throw<EngineDefectException>(() => ledger.Complete(0));
    }

    [Fact]
    public void What_is_done_before_its_snapshot_is_current_is_not_carried()
    {
        var ledger = new OffsetLedger(0, maxSpan: 2);
        ledger.Receive(0);
        ledger.Complete(0);
        ledger.Carry(0);
        (ledger.Committable, ledger.CountPending()).ShouldBe((1, 0));
    }

    [Fact]
    public void A_restored_record_is_pending_once_and_below_the_start()
    {
        var ledger = new OffsetLedger(0, maxSpan: 2);
        ledger.StartAt(100);
        ledger.Restore(7);
        (ledger.Committable, ledger.Next, ledger.CountPending()).ShouldBe((100, 100, 1));
        ledger.Complete(7).ShouldBeTrue();
        ledger.CountPending().ShouldBe(0);
    }
}
