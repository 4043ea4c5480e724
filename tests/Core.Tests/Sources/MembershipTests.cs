using StreamActors.Sources;

namespace StreamActors.Core.Tests.Sources;

public sealed class MembershipTests
{
    private static readonly TimeSpan Session = TimeSpan.FromMilliseconds(1_000);

    private readonly Membership membership = new();

    [Fact]
    public void A_proof_lasts_for_less_than_a_session()
    {
        Round(0);
        membership.Assigned();
        membership.WantsProof(300).ShouldBeFalse();
        membership.WantsProof(400).ShouldBeTrue("half of its time is over");
        membership.IsProven(800).ShouldBeTrue();
        membership.IsProven(801).ShouldBeFalse();

        Round(700);
        membership.Committed(began: 650);
        membership.IsProven(1_450).ShouldBeTrue();
        membership.IsProven(1_451).ShouldBeFalse("it proves the moment at which it began, not the answer's");
    }

    [Fact]
    public void A_process_that_slept_believes_nothing_that_began_before_it_woke()
    {
        Round(0);
        membership.Assigned();
        Round(5_000);
        membership.IsProven(5_000).ShouldBeFalse();

        membership.Assigned();
        membership.IsProven(5_000).ShouldBeFalse("what the client says may be old");
        membership.Committed(began: 4_999);
        membership.IsProven(5_000).ShouldBeFalse();
        Round(5_100);
        membership.Assigned();
        membership.IsProven(5_100).ShouldBeFalse("still nothing has been heard since");

        membership.Committed(began: 5_050);
        membership.IsProven(5_100).ShouldBeTrue();
        membership.Assigned();
        membership.IsProven(5_900).ShouldBeTrue();
    }

    [Fact]
    public void Without_a_session_there_is_no_doubt()
    {
        membership.BeginRound(0, Timeout.InfiniteTimeSpan);
        membership.BeginRound(1_000_000, Timeout.InfiniteTimeSpan);
        membership.IsProven(2_000_000).ShouldBeTrue();
        membership.WantsProof(2_000_000).ShouldBeFalse();
    }

    [Fact]
    public void A_session_that_turns_out_to_be_shorter_ends_a_proof_earlier()
    {
        membership.BeginRound(0, 45 * Session);
        membership.Assigned();
        membership.IsProven(30_000).ShouldBeTrue();
        Round(100);
        membership.IsProven(900).ShouldBeTrue();
        membership.IsProven(901).ShouldBeFalse();
    }

    private void Round(long now) => membership.BeginRound(now, Session);
}
