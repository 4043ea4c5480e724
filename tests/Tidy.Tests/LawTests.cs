using StreamActors.Tidy.Tests.Laws;

namespace StreamActors.Tidy.Tests;

public sealed class LawTests
{
    private static readonly Law[] AllLaws =
    [
        .. SizeLaws.All, .. ShapeLaws.All, .. TextLaws.All,
        .. NameLaws.All, .. DependencyLaws.All, .. DocumentLaws.All,
    ];

    public static TheoryData<string> Names => [.. AllLaws.Select(law => law.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_repository_keeps_the_law(string name)
    {
        var exempt = Exemptions.All.Where(row => row.Law == name).Select(row => row.Where).ToHashSet();
        var broken = Named(name).Check(Tree.Repository).Where(finding => !exempt.Contains(finding.Where))
            .Select(finding => $"{finding.Where}: {finding.What}").ToList();
        Assert.True(broken.Count == 0, $"{broken.Count} places break it\n{string.Join('\n', broken)}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_law_can_fail_and_can_be_kept(string name)
    {
        var law = Named(name);
        law.Check(law.Bad).ShouldNotBeEmpty();
        law.Check(law.Good).ShouldBeEmpty();
    }

    [Fact]
    public void Every_exemption_is_still_needed_and_has_a_reason()
    {
        foreach (var byLaw in Exemptions.All.GroupBy(row => row.Law))
        {
            var found = Named(byLaw.Key).Check(Tree.Repository).Select(finding => finding.Where).ToHashSet();
            byLaw.Where(row => !found.Contains(row.Where)).ShouldBeEmpty();
            byLaw.Where(row => row.Why.Length < 10).ShouldBeEmpty();
        }
    }

    [Fact]
    public void No_two_laws_have_the_same_name() => AllLaws.Select(law => law.Name).ShouldBeUnique();

    private static Law Named(string name) => AllLaws.Single(law => law.Name == name);
}
