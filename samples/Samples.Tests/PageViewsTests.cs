using PageViews;

namespace Samples.Tests;

public sealed class PageViewsTests
{
    [Fact]
    public void A_session_ends_after_thirty_quiet_minutes()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.Send("page-views", "ann", new PageView("/"));
        test.Advance(TimeSpan.FromMinutes(29));
        test.Send("page-views", "ann", new PageView("/buy"));
        test.Advance(TimeSpan.FromMinutes(29));
        test.Expect<SessionEnded>("sessions");
        test.Advance(TimeSpan.FromMinutes(1));
        var session = test.Read<SessionEnded>("sessions").ShouldHaveSingleItem();
        session.Views.ShouldBe(2);
        (session.To - session.From).ShouldBe(TimeSpan.FromMinutes(29));
    }

    [Fact]
    public void Each_user_has_sessions_of_their_own_and_a_new_one_begins_anew()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.Send("page-views", "ann", new PageView("/"));
        test.Send("page-views", "bob", new PageView("/"));
        test.Advance(TimeSpan.FromHours(1));
        test.Send("page-views", "ann", new PageView("/"));
        test.Advance(TimeSpan.FromHours(1));
        test.Read<SessionEnded>("sessions").Select(static ended => (ended.User, ended.Views))
            .ShouldBe([("ann", 1), ("bob", 1), ("ann", 1)], ignoreOrder: true);
    }

    [Fact]
    public void A_page_view_that_is_none_is_a_dead_letter()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.SendBad("page-views", "ann", "{\"url\":");
        test.DeadLetters.ShouldHaveSingleItem().Topic.ShouldBe("page-views.dlq");
    }
}
