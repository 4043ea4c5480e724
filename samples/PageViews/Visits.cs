using System.Text.Json.Serialization;
using StreamActors;
using StreamActors.Kafka;

namespace PageViews;

public sealed record PageView(string Url);

public sealed record SessionEnded(string User, int Views, DateTimeOffset From, DateTimeOffset To);

[StateVersion(1)]
public sealed class Session
{
    public int Views { get; set; }

    public DateTimeOffset From { get; set; }

    public DateTimeOffset To { get; set; }
}

/// <summary>A user's page views become a session, which ends after thirty minutes without one.</summary>
public sealed class Visits : IEntity<PageView, Session, SessionEnded>
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(30);

    public static void Define(PipelineBuilder pipeline) => pipeline
        .From("page-views", Json.Of(Shapes.Default.PageView))
        .CreateTopic(partitions: 8)
        .Entity<Visits, Session, SessionEnded>(new() { State = Json.Of(Shapes.Default.Session) })
        .To(Kafka.Topic("sessions", Json.Of(Shapes.Default.SessionEnded)).CreateTopic(partitions: 8))
        .DeadLetters("page-views.dlq");

    public void On(PageView view, ref Session session, Turn<SessionEnded> turn)
    {
        session.From = session.Views == 0 ? turn.EventTime : session.From;
        session.To = turn.EventTime;
        session.Views++;
        turn.Timer("end", turn.Now + Quiet);     // a timer of that name is moved
    }

    public void OnTimer(string name, ref Session session, Turn<SessionEnded> turn)
    {
        turn.Emit(new SessionEnded(turn.Key, session.Views, session.From, session.To));
        turn.Forget();
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PageView))]
[JsonSerializable(typeof(SessionEnded))]
[JsonSerializable(typeof(Session))]
internal sealed partial class Shapes : JsonSerializerContext;
