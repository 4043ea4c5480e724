using StreamActors.Node.Chaos;

namespace StreamActors.Tests.Chaos;

/// <summary>Which faults a seed draws.</summary>
public sealed class ScheduleTests
{
    private const int Steps = 200;

    [Fact]
    public void A_seed_draws_the_same_faults_again_and_another_one_others()
    {
        Schedule.Draw(7, Fault.All).Take(Steps).ShouldBe(Schedule.Draw(7, Fault.All).Take(Steps));
        Schedule.Draw(7, Fault.All).Take(Steps).ShouldNotBe(Schedule.Draw(8, Fault.All).Take(Steps));
    }

    [Fact]
    public void Every_fault_comes_once_a_round() =>
        Schedule.Draw(1, Fault.All).Take(Fault.All.Count).Select(static step => step.First)
            .ShouldBe(Fault.All, ignoreOrder: true);

    [Fact]
    public void An_upgrade_comes_before_all_others()
    {
        foreach (var seed in Enumerable.Range(1, 10))
        {
            Schedule.Draw(seed, Fault.All).First().First.Name.ShouldBe("upgrade");
        }
    }

    [Fact]
    public void Two_at_once_are_never_of_the_same_servers()
    {
        var pairs = Schedule.Draw(1, Fault.All).Take(Steps).Where(static step => step.Second is not null).ToList();

        pairs.Count.ShouldBeGreaterThan(Steps / 6);
        pairs.ShouldAllBe(static step => step.First.Place != step.Second!.Place || step.First.Place == FaultPlace.Node);
        pairs.ShouldNotContain(static step => step.First.IsAlone || step.Second!.IsAlone);
    }

    [Fact]
    public void A_single_fault_comes_alone()
    {
        var kill = Fault.All.Single(static fault => fault.Name == "kill");

        Schedule.Draw(1, [kill]).Take(Steps).ShouldAllBe(step => step.First == kill && step.Second == null);
    }
}
