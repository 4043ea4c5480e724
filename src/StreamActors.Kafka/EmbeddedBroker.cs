using System.Runtime.InteropServices;
using Confluent.Kafka;
using StreamActors.Kafka.Native;

namespace StreamActors.Kafka;

/// <summary>
/// A broker inside this process, on loopback, that other processes can connect to: librdkafka's mock cluster. It speaks
/// produce, fetch and both group protocols, keeps some 5 MB or 100,000 records a partition in memory, and forgets all
/// when it is disposed. For demos and tests; what holds on it says nothing about Kafka.
/// <para>
/// Its port is the system's choice: librdkafka binds it to port 0 and offers no way to name another
/// (<c>rd_kafka_mock_broker_new</c>). It has no CreateTopics: use <see cref="CreateTopic"/>.
/// </para>
/// </summary>
public sealed class EmbeddedBroker : IDisposable
{
    private readonly IProducer<Null, Null> host;
    private readonly nint cluster;
    private bool disposed;

    /// <summary>Starts it; it serves when the constructor returns.</summary>
    /// <param name="brokers">How many brokers the cluster has.</param>
    public EmbeddedBroker(int brokers = 1)
    {
        // The mock cluster lives on a client's handle, which needs no broker of its own.
        host = new ProducerBuilder<Null, Null>(new ProducerConfig { BootstrapServers = "127.0.0.1:9" })
            .SetLogHandler(static (_, _) => { })
            .SetErrorHandler(static (_, _) => { })
            .Build();
        cluster = MockCluster.New(LibRdKafka.HandleOf(host), brokers);
        if (cluster == 0)
        {
            host.Dispose();
            throw new InvalidOperationException("The embedded Kafka broker could not be started on loopback.");
        }

        MockCluster.SetController(cluster, 1);    // without one, a client's questions wait for it for ever
        MockCluster.SetGroupHeartbeatInterval(cluster, 100);
        BootstrapServers = Marshal.PtrToStringUTF8(MockCluster.Bootstraps(cluster))!;
    }

    /// <summary>Where clients of any process reach it: <c>host:port</c>, separated by commas.</summary>
    public string BootstrapServers { get; }

    /// <summary>
    /// How to reach it. Its answer to a fetch waits the whole <see cref="KafkaConsumerOptions.FetchMaxWait"/>, whatever
    /// arrives meanwhile, so that is short here.
    /// </summary>
    public KafkaOptions Options => new()
    {
        BootstrapServers = BootstrapServers,
        Consumer = new() { FetchMaxWait = TimeSpan.FromMilliseconds(5), MetadataRefresh = TimeSpan.FromSeconds(1) },
    };

    /// <summary>Creates a topic; one that exists is left as it is.</summary>
    public void CreateTopic(string name, int partitions)
    {
        var error = MockCluster.TopicCreate(cluster, name, partitions, 1);
        Done(error == (int)ErrorCode.TopicAlreadyExists ? 0 : error);
    }

    /// <summary>Takes a broker down: connections break, and new ones are refused.</summary>
    public void TakeDown(int broker = 1) => Done(MockCluster.BrokerDown(cluster, broker));

    /// <summary>Brings a broker back, at its old port, with all that it held.</summary>
    public void BringUp(int broker = 1) => Done(MockCluster.BrokerUp(cluster, broker));

    /// <summary>Deletes the records of a partition below an offset, as retention does.</summary>
    internal void DeleteRecords(string topic, int partition, long before) =>
        Done(MockCluster.DeleteRecords(cluster, topic, partition, before));

    /// <summary>Makes the next requests of a kind fail.</summary>
    /// <param name="apiKey">Kafka's number of the request: 0 is produce, 1 fetch.</param>
    /// <param name="errors">One error for each request, in turn.</param>
    internal void FailNext(short apiKey, params ReadOnlySpan<ErrorCode> errors) =>
        MockCluster.PushErrors(cluster, apiKey, (nuint)errors.Length, errors);

    /// <summary>Makes a broker's answers late, by so much each.</summary>
    internal void SlowDown(int broker, TimeSpan late) =>
        Done(MockCluster.BrokerSetRoundTrip(cluster, broker, (int)late.TotalMilliseconds));

    /// <summary>Stops it; all that it held is gone.</summary>
    public void Dispose()
    {
        if (!disposed)
        {
            disposed = true;
            MockCluster.Destroy(cluster);
            host.Dispose();
        }
    }

    private static void Done(int error)
    {
        if (error != 0)
        {
            throw new InvalidOperationException(
                $"The embedded Kafka broker refused: {((ErrorCode)error).GetReason()}.");
        }
    }
}
