using StreamActors;
using StreamActors.Kafka;

namespace StreamActorsApp;

public sealed record PageView(string Url);

public sealed record SessionEnded(string User, int Views);

/// <summary>What is kept per visitor. Raise the version when its stored form changes.</summary>
[StateVersion(1)]
public sealed class Session
{
    public int Views { get; set; }
}

/// <summary>A visitor's page views become a session, which ends after thirty minutes without one.</summary>
public sealed class Visits : IEntity<PageView, Session, SessionEnded>
{
    public static void Define(PipelineBuilder pipeline) => pipeline
        .From("page-views", Json.Of<PageView>())
        .CreateTopic(partitions: 8)
        .Entity<Visits, Session, SessionEnded>()
        .To(Kafka.Topic("sessions", Json.Of<SessionEnded>()).CreateTopic(partitions: 8))
        .DeadLetters("page-views.dlq");

    // The record's key names the entity: here, the visitor.
    public void On(PageView view, ref Session session, Turn<SessionEnded> turn)
    {
        session.Views++;
        turn.Timer("end", turn.Now.AddMinutes(30));    // a timer of that name is moved
    }

    public void OnTimer(string name, ref Session session, Turn<SessionEnded> turn)
    {
        turn.Emit(new SessionEnded(turn.Key, session.Views));
        turn.Forget();
    }
}
