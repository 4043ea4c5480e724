using StreamActors.Node.Chaos;

namespace StreamActors.Tests.Chaos;

/// <summary>The judge of a chaos run: whatever is wrong in a history is found, and what may be is not.</summary>
public sealed class VerifierTests
{
    private const int Keys = 16;
    private const string Owner = "node-1.1";
    private const string NextOwner = "node-2.1";

    private static readonly TimeSpan Repeats = TimeSpan.FromSeconds(4);

    private readonly Ledger ledger = new(Keys);
    private readonly History history = new(Keys);
    private readonly List<FaultSpan> spans = [new("peace", 0, MayRepeat: false)];
    private readonly string key = Feed.Chain.KeyOf(3);

    [Fact]
    public void A_history_in_which_all_came_out_once_and_in_order_is_right()
    {
        Produce(3);
        Come(1, 2, 3);
        TimerFires(3);

        var verdict = Judge();

        verdict.Breaches.ShouldBeEmpty();
        verdict.Rows.ShouldHaveSingleItem().Records.ShouldBe(3);
    }

    [Fact]
    public void An_effect_that_never_came_out_is_lost()
    {
        Produce(4);
        Come(1, 2, 4);
        TimerFires(4);

        var verdict = Judge();

        verdict.Breaches.ShouldHaveSingleItem().ShouldBe(
            new Breach(Promise.Loss, "peace", $"{key}: effect 3 of 4 never came out"));
        verdict.Rows.Single().Lost.ShouldBe(1);
    }

    [Fact]
    public void The_last_effects_of_a_key_are_lost_too()
    {
        Produce(3);
        Come(1);
        TimerFires(3);

        Judge().Breaches.Select(static breach => breach.Promise).ShouldBe([Promise.Loss, Promise.Loss]);
    }

    [Fact]
    public void A_key_of_which_nothing_came_out_is_lost_as_a_whole()
    {
        Produce(2);

        Judge().Breaches.Select(static breach => breach.Promise).ShouldBe([Promise.Loss, Promise.Loss, Promise.Timer]);
    }

    [Fact]
    public void What_comes_again_in_peace_is_a_duplicate()
    {
        Produce(3);
        Come(1, 2, 2, 3);
        TimerFires(3);

        var verdict = Judge();

        verdict.Breaches.ShouldHaveSingleItem().Promise.ShouldBe(Promise.Duplicate);
        verdict.Rows.Single().Duplicated.ShouldBe(1);
    }

    [Fact]
    public void What_comes_again_after_a_crash_is_counted_and_allowed()
    {
        Produce(4);
        spans.Add(new FaultSpan("kill", From: 10_000, MayRepeat: true));
        ComeAt(7_000, Owner, 1, 2, 3);
        ComeAt(11_000, NextOwner, 2, 3, 4);
        TimerFires(4);

        var verdict = Judge();

        verdict.Breaches.ShouldBeEmpty();
        verdict.Rows.Single(static row => row.Name == "kill").Duplicated.ShouldBe(2);
    }

    [Fact]
    public void What_was_committed_long_before_a_crash_may_not_come_again()
    {
        Produce(2);
        spans.Add(new FaultSpan("kill", From: 10_000, MayRepeat: true));
        ComeAt(10_000 - (long)Repeats.TotalMilliseconds - 1, Owner, 1, 2);
        ComeAt(11_000, NextOwner, 1, 2);
        TimerFires(2);

        Judge().Breaches.Select(static breach => breach.Promise).ShouldBe([Promise.Duplicate, Promise.Duplicate]);
    }

    [Fact]
    public void What_comes_again_under_a_clean_fault_is_a_breach_of_that_fault()
    {
        Produce(2);
        spans.Add(new FaultSpan("leave", From: 10_000, MayRepeat: false));
        ComeAt(9_999, Owner, 1, 2);
        ComeAt(10_001, NextOwner, 2);
        TimerFires(2);

        Judge().Breaches.ShouldHaveSingleItem().Span.ShouldBe("leave");
    }

    [Fact]
    public void An_effect_in_front_of_the_one_before_it_is_out_of_order()
    {
        Produce(3);
        Come(1, 3, 2);
        TimerFires(3);

        var verdict = Judge();

        verdict.Breaches.ShouldContain(static breach => breach.Promise == Promise.Order);
        verdict.Breaches.ShouldNotContain(static breach => breach.Promise == Promise.Loss);
        verdict.Rows.Single().OutOfOrder.ShouldBe(1);
    }

    [Fact]
    public void An_epoch_that_goes_back_must_go_on_without_a_gap()
    {
        Produce(4);
        spans.Add(new FaultSpan("kill", From: 1, MayRepeat: true));
        ComeAt(1_000, Owner, 1, 2, 3);
        ComeAt(1_001, NextOwner, 2, 4);
        TimerFires(4);

        Judge().Breaches.ShouldHaveSingleItem().Sentence.ShouldContain("effect 4 came out behind 2 of the same epoch");
    }

    [Fact]
    public void Outputs_of_a_former_owner_between_those_of_the_next_are_late_and_in_order()
    {
        Produce(5);
        spans.Add(new FaultSpan("freeze", From: 1, MayRepeat: true));
        ComeAt(1_000, Owner, 1, 2);
        ComeAt(1_001, NextOwner, 3, 4);
        ComeAt(1_002, Owner, 3, 4);
        ComeAt(1_003, NextOwner, 5);
        TimerFires(5);

        var verdict = Judge();

        verdict.Breaches.ShouldBeEmpty();
        verdict.Rows.Single(static row => row.Name == "freeze").ShouldSatisfyAllConditions(
            static row => row.Late.ShouldBe(2),
            static row => row.Duplicated.ShouldBe(2));
    }

    [Fact]
    public void A_state_that_forgot_an_effect_is_wrong()
    {
        Produce(2);
        Come(1);
        var forgetful = new ChainState();
        history.Add(forgetful.Apply(new Effect(Guid.Empty, key, 2), Owner), at: 2);
        TimerFires(2);

        var verdict = Judge();

        verdict.Breaches.ShouldHaveSingleItem().Sentence.ShouldBe(
            $"{key}: behind effect 2 the state had seen 1 ({Owner})");
        verdict.Rows.Single().WrongState.ShouldBe(1);
    }

    [Fact]
    public void A_state_of_as_many_effects_but_of_others_is_wrong()
    {
        Produce(2);
        Come(1);
        var other = new ChainState();
        other.Apply(new Effect(Guid.Empty, Feed.Chain.KeyOf(4), 1), Owner);
        history.Add(other.Apply(new Effect(Guid.Empty, key, 2), Owner), at: 2);
        TimerFires(2);

        Judge().Breaches.ShouldHaveSingleItem().Sentence.ShouldContain("but not these");
    }

    [Fact]
    public void A_timer_that_did_not_fire_behind_the_last_effect_is_lost()
    {
        Produce(2);
        Come(1, 2);
        TimerFires(1);

        Judge().Breaches.ShouldHaveSingleItem().Promise.ShouldBe(Promise.Timer);
    }

    [Fact]
    public void What_nobody_put_in_is_told()
    {
        Produce(1);
        Come(1, 2);
        TimerFires(1);

        Judge().Breaches.ShouldHaveSingleItem().Promise.ShouldBe(Promise.Origin);
    }

    [Fact]
    public void The_longest_silence_is_that_of_a_partition_and_goes_to_the_fault_in_which_it_began()
    {
        Produce(4);
        spans.Add(new FaultSpan("leave", From: 1_000, MayRepeat: false));
        spans.Add(new FaultSpan("peace", From: 3_000, MayRepeat: false));
        ComeAt(900, Owner, 1);
        ComeAt(1_100, Owner, 2);
        ComeAt(3_600, Owner, 3);
        ComeAt(9_999, Owner, 4);
        TimerFires(4);

        var rows = Judge(producedUntil: 4_000).Rows;

        rows.Single(static row => row.Name == "leave").LongestSilence.ShouldBe(TimeSpan.FromMilliseconds(2_500));
        rows.Single(static row => row.Name == "peace").LongestSilence.ShouldBe(TimeSpan.FromMilliseconds(400));
    }

    private Verdict Judge(long producedUntil = long.MaxValue) =>
        new Verifier(ledger, history, spans, Repeats).Check(producedUntil);

    private void Produce(int effects)
    {
        for (var made = 0; made < effects; made++)
        {
            ledger.Next(Feed.Chain, 3);
        }
    }

    private void Come(params long[] sequences) => ComeAt(1, Owner, sequences);

    /// <summary>Outputs of states that are right.</summary>
    private void ComeAt(long at, string owner, params long[] sequences)
    {
        foreach (var sequence in sequences)
        {
            var state = new ChainState();
            for (var before = 1; before < sequence; before++)
            {
                state.Apply(new Effect(Guid.Empty, key, before), owner);
            }

            history.Add(state.Apply(new Effect(Guid.Empty, key, sequence), owner), at);
        }
    }

    private void TimerFires(long count) =>
        history.Add(new Proof(key, count, count, Fold: 0, Owner, IsTimer: true), at: 1);
}
