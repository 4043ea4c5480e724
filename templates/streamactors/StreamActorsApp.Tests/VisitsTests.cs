namespace StreamActorsApp.Tests;

public sealed class VisitsTests
{
    [Fact]
    public void A_session_ends_after_thirty_quiet_minutes()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.Send("page-views", "ann", new PageView("/"));
        test.Advance(TimeSpan.FromMinutes(10));
        test.Send("page-views", "ann", new PageView("/buy"));
        test.Advance(TimeSpan.FromMinutes(30));
        test.Expect("sessions", new SessionEnded("ann", 2));
    }

    [Fact]
    public void A_page_view_that_is_none_is_a_dead_letter()
    {
        using var test = PipelineTest.Of(Visits.Define);
        test.SendBad("page-views", "ann", "{");
        Assert.Equal("page-views.dlq", Assert.Single(test.DeadLetters).Topic);
    }
}
