using StreamActors;
using StreamActors.Kafka;

namespace Ordering;

/// <summary>Orders of 1,000.00 and more go on, in the frame that readers with a schema registry want.</summary>
public static class LargeOrders
{
    public const int SchemaId = 7;

    public static void Define(PipelineBuilder pipeline) => pipeline
        .From("orders", new ProtobufCodec<Order>(Order.Parser))
        .CreateTopic(partitions: 8, replication: 1)
        .To(Kafka.Topic("orders.large", new ProtobufCodec<Order>(Order.Parser, SchemaId))
            .CreateTopic(partitions: 8, replication: 1)
            .When(order => order.Cents >= 100_000))
        .DeadLetters("orders.dlq");
}
