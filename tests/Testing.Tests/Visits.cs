using StreamActors.Sinks;

namespace StreamActors.Testing.Tests;

internal sealed record PageView(string User, string Url);

internal sealed record SessionEnded(string User, int Views);

internal sealed class Session
{
    public int Views { get; set; }
}

/// <summary>The sample of the README: a session ends after thirty quiet minutes.</summary>
internal sealed class Visits : IEntity<PageView, Session, SessionEnded>
{
    public const string Topic = "user-activity-events";

    public static void Define(PipelineBuilder pipeline) => pipeline
        .From(Topic, new JsonCodec<PageView>())
        .DeadLetters("visits-dlq")
        .Entity<Session, SessionEnded>(static () => new Visits())
        .To(new Target<SessionEnded>("kafka", static _ => "sessions", new JsonCodec<SessionEnded>()));

    public void On(scoped in PageView record, Session state, Turn<SessionEnded> turn)
    {
        if (record.Url == "/throws")
        {
            throw new InvalidOperationException("The page is broken.");
        }

        state.Views++;
        turn.Timer("end", turn.Now.AddMinutes(30));
    }

    public void OnTimer(string name, Session state, Turn<SessionEnded> turn)
    {
        turn.Emit(new SessionEnded(turn.Key, state.Views));
        turn.Forget();
    }
}
