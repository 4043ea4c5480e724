using StreamActors.Sinks;

namespace StreamActors.Testing.Tests;

internal sealed record PageView(string User, string Url);

internal sealed record SessionEnded(string User, int Views);

[StateVersion(1)]
internal sealed record Session(int Views)
{
    public Session()
        : this(0)
    {
    }
}

/// <summary>The sample of the README: a session ends after thirty quiet minutes.</summary>
internal sealed class Visits : IEntity<PageView, Session, SessionEnded>
{
    public const string Topic = "user-activity-events";

    public static void Define(PipelineBuilder pipeline) => pipeline
        .From(Topic, Json.Of<PageView>())
        .DeadLetters("visits-dlq")
        .Entity<Visits, Session, SessionEnded>()
        .To(new Target<SessionEnded>("kafka", "sessions", Json.Of<SessionEnded>()));

    public void On(PageView record, ref Session state, Turn<SessionEnded> turn)
    {
        if (record.Url == "/throws")
        {
            throw new InvalidOperationException("The page is broken.");
        }

        state = new Session(state.Views + 1);
        turn.Timer("end", turn.Now.AddMinutes(30));
    }

    public void OnTimer(string name, ref Session state, Turn<SessionEnded> turn)
    {
        turn.Emit(new SessionEnded(turn.Key, state.Views));
        turn.Forget();
    }
}
