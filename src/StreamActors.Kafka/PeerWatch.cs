using Confluent.Kafka;
using StreamActors.Events;

namespace StreamActors.Kafka;

/// <summary>
/// Turns the client's complaints, which repeat with each retry, into episodes: one report when trouble starts, one when
/// it is over. Trouble is over when Kafka answers a question again and nobody has complained for a moment.
/// <para>Any thread may call it.</para>
/// </summary>
/// <param name="pipeline">The pipeline that has the trouble.</param>
/// <param name="peer">Whose trouble it is, in reports: reading and writing have episodes of their own.</param>
/// <param name="options">How Kafka is reached, for the remedy.</param>
/// <param name="events">Where to report.</param>
/// <param name="clock">Measures.</param>
internal sealed class PeerWatch(
    string pipeline, string peer, KafkaOptions options, IEngineEvents events, TimeProvider clock)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private long began;
    private long lastComplaint;
    private int weight;
    private Task<bool>? question;

    /// <summary>Whether an episode is open.</summary>
    public bool InTrouble { get; private set; }

    private bool IsQuiet => clock.GetElapsedTime(lastComplaint) >= Quiet;

    /// <summary>Takes note of a complaint; the first of an episode is reported, and one that names the cause.</summary>
    public void Complain(Error error)
    {
        lock (gate)
        {
            lastComplaint = clock.GetTimestamp();
            var known = Math.Max(KafkaFault.Weight(error), 1);
            if (InTrouble && known <= weight)
            {
                return;
            }

            began = InTrouble ? began : lastComplaint;
            InTrouble = true;
            weight = known;
        }

        events.Report(new EngineEvent.PeerTrouble(
            pipeline, peer, KafkaFault.Explain(error, options).ToString()));
    }

    /// <summary>Kafka answered: ends the episode, when nobody has complained for a moment.</summary>
    public void Worked()
    {
        if (!InTrouble)
        {
            return;
        }

        TimeSpan after;
        lock (gate)
        {
            if (!InTrouble || !IsQuiet)
            {
                return;
            }

            InTrouble = false;
            after = clock.GetElapsedTime(began);
        }

        events.Report(new EngineEvent.PeerRecovered(pipeline, peer, after));
    }

    /// <summary>Asks, while there is trouble, whether it is over. The poll thread calls it in each round.</summary>
    /// <param name="ask">Asks Kafka, within a second or two; false when it does not answer. Never throws.</param>
    public void Check(Func<Task<bool>> ask)
    {
        if (!InTrouble || !IsQuiet)
        {
            return;
        }

        question ??= ask();
        if (question.IsCompleted)
        {
            if (question.IsCompletedSuccessfully && question.GetAwaiter().GetResult())
            {
                Worked();
            }
            else
            {
                lastComplaint = clock.GetTimestamp();    // asks again after a moment
            }

            question = null;
        }
    }
}
