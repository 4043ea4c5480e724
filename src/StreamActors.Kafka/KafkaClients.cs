using Confluent.Kafka;
using StreamActors.Sources;

namespace StreamActors.Kafka;

/// <summary>
/// The one place where clients are made out of settings: what librdkafka refuses becomes a sentence for the one who set
/// it, not a defect of the program.
/// </summary>
internal static class KafkaClients
{
    /// <summary>Makes a client.</summary>
    /// <param name="options">What its settings were made of.</param>
    /// <param name="build">Builds it.</param>
    /// <exception cref="PipelineException">librdkafka refuses a setting; the message names it.</exception>
    public static TClient Make<TClient>(KafkaOptions options, Func<TClient> build)
        where TClient : IClient
    {
        try
        {
            return build();
        }
        catch (InvalidOperationException error)
        {
            throw Refused(options, error);
        }
        catch (ArgumentException error)
        {
            throw Refused(options, error);
        }
    }

    /// <summary>
    /// Finds out at the start whether the clients that come later, on a poll thread or with the first delivery, can be
    /// made: each kind has rules of its own about settings that are right one by one.
    /// </summary>
    /// <exception cref="PipelineException">One cannot.</exception>
    internal static void Try(KafkaOptions options)
    {
        var group = new GroupSpec("", "settings", CoPartitioned: false);
        var protocol = options.Consumer.GroupProtocol;
        foreach (var classic in (ReadOnlySpan<bool>)[false, true])
        {
            if (protocol == KafkaGroupProtocol.Auto || classic == (protocol == KafkaGroupProtocol.Classic))
            {
                var settings = Mute(KafkaSettings.Consumer(options, group, classic));
                Make(options, new ConsumerBuilder<Ignore, Ignore>(settings).SetLogHandler(static (_, _) => { }).Build)
                    .Dispose();
            }
        }

        var producer = new ProducerBuilder<Null, Null>(Mute(KafkaSettings.Producer(options)));
        Make(options, producer.SetLogHandler(static (_, _) => { }).Build).Dispose();
    }

    /// <summary>Why a client could not be made, as a sentence that names the setting; null where all can.</summary>
    internal static string? Refusal(KafkaOptions options)
    {
        try
        {
            Try(options);
            return null;
        }
        catch (PipelineException refused)
        {
            return refused.Message;
        }
    }

    private static PipelineException Refused(KafkaOptions options, Exception error) =>
        new(KafkaFault.Refused(error.Message, options).ToString(), error);

    /// <summary>Without brokers it connects to nothing.</summary>
    private static TConfig Mute<TConfig>(TConfig config)
        where TConfig : ClientConfig
    {
        config.BootstrapServers = null;
        return config;
    }
}
