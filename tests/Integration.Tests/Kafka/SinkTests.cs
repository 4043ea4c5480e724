using System.Collections.Concurrent;
using System.Text;
using Confluent.Kafka;
using StreamActors.Events;
using StreamActors.Kafka;
using StreamActors.Records;
using StreamActors.Sinks;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.Kafka;

/// <summary>What the sink promises; on the embedded broker where that suffices.</summary>
public sealed class SinkTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly EmbeddedBroker broker = new();

    public void Dispose() => broker.Dispose();

    [Fact]
    public async Task Keys_tombstones_and_headers_arrive_as_they_left()
    {
        broker.CreateTopic("out", 1);
        await using var sink = Sink(broker.Options);
        using var batch = new OutputBatch();
        Add(batch, "out", "k", null, output => RecordHeaders.WriteNull(output.Writer, "none"u8));
        Add(batch, "out", null, "", output => RecordHeaders.Write(output.Writer, "a"u8, "1"));
        Add(batch, "out", "", "v");

        await sink.DeliverAsync(batch, CancellationToken.None);

        batch.Refused.ShouldBeEmpty();
        var partition = new PartitionId("out", 0);
        (await ReadAsync(broker.BootstrapServers, "out", 3)).ShouldBe(
        [
            new Seen(partition, 0, "k", null, "none=<null>;"),
            new Seen(partition, 1, null, "", "a=1;"),
            new Seen(partition, 2, "", "v", ""),
        ]);
    }

    [Fact]
    public async Task What_is_too_large_is_refused_and_the_others_arrive()
    {
        broker.CreateTopic("out", 1);
        await using var sink = Sink(broker.Options);
        using var batch = new OutputBatch();
        Add(batch, "out", "k", "first");
        Add(batch, "out", "k", new string('x', 2_000_000));
        Add(batch, "out", "k", "last");

        await sink.DeliverAsync(batch, CancellationToken.None);

        batch.Refused.ShouldHaveSingleItem().Index.ShouldBe(1);
        batch.Refused[0].Reason.ShouldContain("MsgSizeTooLarge");
        (await ReadAsync(broker.BootstrapServers, "out", 2)).Select(seen => seen.Value).ShouldBe(["first", "last"]);
    }

    [Fact]
    public async Task A_record_that_the_broker_refuses_is_refused()
    {
        broker.CreateTopic("out", 1);
        await using var sink = Sink(broker.Options);
        using var batch = new OutputBatch();
        Add(batch, "out", "k", "v");
        broker.FailNext(0, ErrorCode.InvalidRecord);

        await sink.DeliverAsync(batch, CancellationToken.None);

        batch.Refused.ShouldHaveSingleItem().Reason.ShouldContain("InvalidRecord");
    }

    [Fact]
    public async Task What_Kafka_has_of_a_batch_that_fails_is_not_written_again()
    {
        using var two = new EmbeddedBroker(brokers: 2);
        string[] topics = ["first", "second"];    // each at a broker of its own: two requests, of which one fails
        Array.ForEach(topics, topic => two.CreateTopic(topic, 2));
        await using var sink = Sink(two.Options);
        using var batch = new OutputBatch();
        using var next = new OutputBatch();
        for (var output = 0; output < 20; output++)
        {
            Add(batch, topics[output % 2], $"{output}", "v", partition: output % 2);
            Add(next, topics[output % 2], $"next {output}", "v", partition: output % 2);
        }

        two.FailNext(0, ErrorCode.TopicAuthorizationFailed);
        await Should.ThrowAsync<SinkException>(sink.DeliverAsync(batch, CancellationToken.None).WaitAsync(Limit));
        batch.TakenCount.ShouldBe(10);

        // The client refuses the topic for a moment longer, until it has asked for its metadata again.
        await sink.DeliverAtLastAsync(batch).WaitAsync(Limit);
        await sink.DeliverAsync(next, CancellationToken.None).WaitAsync(Limit);

        batch.Refused.ShouldBeEmpty();
        foreach (var topic in topics)
        {
            (await ReadAsync(two.BootstrapServers, topic, 20)).Select(static seen => seen.Key).ShouldBeUnique();
        }
    }

    [Fact]
    public async Task A_full_queue_makes_the_delivery_wait_and_keeps_the_order()
    {
        broker.CreateTopic("out", 1);
        var options = broker.Options with { Producer = new() { QueuedBytes = 1_000_000, MaxRecordBytes = 500_000 } };
        await using var sink = Sink(options);
        using var batch = new OutputBatch();
        for (var i = 0; i < 3000; i++)
        {
            Add(batch, "out", "k", $"{i:D5}" + new string('x', 1000));
        }

        await sink.DeliverAsync(batch, CancellationToken.None).WaitAsync(Limit);

        batch.Refused.ShouldBeEmpty();
        (await ReadAsync(broker.BootstrapServers, "out", 3000)).Select(seen => int.Parse(seen.Value![..5]))
            .ShouldBe(Enumerable.Range(0, 3000));
    }

    [Fact]
    public async Task A_stop_ends_a_delivery_that_waits_for_an_absent_broker()
    {
        broker.TakeDown();
        await using var sink = Sink(broker.Options);
        using var batch = new OutputBatch();
        Add(batch, "out", "k", "v");
        using var stop = new CancellationTokenSource(500);

        await Should.ThrowAsync<OperationCanceledException>(sink.DeliverAsync(batch, stop.Token));

        (await sink.IsReachableAsync(CancellationToken.None)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_fatal_error_fails_what_is_in_flight_and_the_next_delivery_works()
    {
        using var two = new EmbeddedBroker(brokers: 2);
        two.CreateTopic("out", 2);    // partition 0 is led by broker 1, partition 1 by broker 2
        await using var sink = Sink(two.Options);
        using var first = new OutputBatch();
        for (var key = 0; key < 20; key++)
        {
            Add(first, "out", $"{key}", "v");
        }

        await sink.DeliverAsync(first, CancellationToken.None).WaitAsync(Limit);
        var keys = (await ReadAsync(two.BootstrapServers, "out", 20))
            .ToLookup(static seen => seen.Partition.Number, static seen => seen.Key);
        using var fatal = new OutputBatch();
        Add(fatal, "out", keys[0].First(), "v");
        using var waiting = new OutputBatch();
        Add(waiting, "out", keys[1].First(), "v");

        two.SlowDown(2, TimeSpan.FromMinutes(10));
        two.FailNext(0, ErrorCode.NoError, ErrorCode.OutOfOrderSequenceNumber);
        var inFlight = sink.DeliverAsync(waiting, CancellationToken.None);
        await Task.Delay(1000);
        inFlight.IsCompleted.ShouldBeFalse();
        var failed = await Should.ThrowAsync<SinkException>(
            sink.DeliverAsync(fatal, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10)));
        failed.Message.ShouldContain("Kafka did not take the records");
        await Should.ThrowAsync<SinkException>(inFlight.WaitAsync(TimeSpan.FromSeconds(10)));

        two.SlowDown(2, TimeSpan.Zero);
        await sink.DeliverAsync(fatal, CancellationToken.None).WaitAsync(Limit);
        await sink.DeliverAsync(waiting, CancellationToken.None).WaitAsync(Limit);
    }

    [Fact]
    public async Task Trouble_is_over_when_a_broker_answers_although_nothing_is_delivered()
    {
        broker.CreateTopic("out", 1);
        var heard = new Heard();
        await using var sink = new KafkaSink(broker.Options, "test", heard, TimeProvider.System);
        using var batch = new OutputBatch();
        Add(batch, "out", "k", "v");
        await sink.DeliverAsync(batch, CancellationToken.None).WaitAsync(Limit);

        broker.TakeDown();
        await Machine.UntilAsync("the trouble", Limit, () => Task.FromResult(!heard.Events.IsEmpty));
        broker.BringUp();

        await Machine.UntilAsync("its end", TimeSpan.FromSeconds(20), async () =>
            await sink.IsReachableAsync(CancellationToken.None)
            && heard.Events.OfType<EngineEvent.PeerRecovered>().Any());
        heard.Events.OfType<EngineEvent.PeerTrouble>().ShouldAllBe(trouble => trouble.Peer == "kafka producer");
        heard.Events.OfType<EngineEvent.PeerRecovered>().ShouldHaveSingleItem().Peer.ShouldBe("kafka producer");
    }

    [KafkaFact(Dedicated = true)]
    public async Task Order_and_completeness_survive_a_killed_broker()
    {
        await using var kafka = await RealKafka.StartAsync();
        await Topics.CreateAsync(kafka.Bootstrap, "out", 1);
        await using var sink = Sink(Topics.Options(kafka.Bootstrap));
        using var batch = new OutputBatch();
        var written = 0;
        var killed = Task.CompletedTask;
        for (var round = 0; round < 40; round++)
        {
            batch.Clear();
            for (var i = 0; i < 250; i++)
            {
                Add(batch, "out", "k", $"{written++}");
            }

            if (round == 10)
            {
                killed = Task.Run(async () =>
                {
                    await kafka.KillAsync(1);
                    await kafka.UpAsync(1);
                });
            }

            await sink.DeliverAsync(batch, CancellationToken.None).WaitAsync(Limit);
            batch.Refused.ShouldBeEmpty();
            await Task.Delay(20);
        }

        await killed;
        (await ReadAsync(kafka.Bootstrap, "out", written)).Select(seen => int.Parse(seen.Value!))
            .ShouldBe(Enumerable.Range(0, written));
    }

    private static KafkaSink Sink(KafkaOptions options) => new(options, "test", new Unheard(), TimeProvider.System);

    private static async Task<IReadOnlyList<Seen>> ReadAsync(string servers, string topic, int count)
    {
        using var member = new Member(Topics.Options(servers), RealKafka.Name("reader"), topic).Start();
        await Machine.UntilAsync($"{count} records", Limit, () => Task.FromResult(member.Seen.Count >= count));
        await member.CloseAsync();
        return member.Seen;
    }

    private static void Add(
        OutputBatch batch,
        string topic,
        string? key,
        string? value,
        Action<OutputBatch>? headers = null,
        int partition = -1)
    {
        var draft = batch.Begin(topic, Encoding.UTF8.GetBytes(key ?? ""), key is not null);
        draft.Partition = partition;
        headers?.Invoke(batch);
        batch.BeginValue(ref draft);
        Encoding.UTF8.GetBytes(value ?? "", batch.Writer);
        batch.End(in draft, new Origin(0, 0, 0), isTombstone: value is null);
    }

    private sealed class Heard : IEngineEvents
    {
        public ConcurrentQueue<EngineEvent> Events { get; } = new();

        public void Report(EngineEvent happened) => Events.Enqueue(happened);
    }

    private sealed class Unheard : IEngineEvents
    {
        public void Report(EngineEvent happened)
        {
        }
    }
}
