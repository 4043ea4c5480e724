using Confluent.Kafka;
using Confluent.Kafka.Admin;
using StreamActors.Events;
using StreamActors.Kafka;
using StreamActors.Records;
using StreamActors.Sources;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.Kafka;

/// <summary>What is promised about Kafka, on Kafka.</summary>
public sealed class RealKafkaTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly string topic = RealKafka.Name("topic");
    private readonly string group = RealKafka.Name("group");

    [KafkaTheory]
    [InlineData(KafkaGroupProtocol.Consumer)]
    [InlineData(KafkaGroupProtocol.Classic)]
    public async Task Two_members_share_hand_over_and_resume_and_nothing_is_lost(KafkaGroupProtocol protocol)
    {
        var kafka = await RealKafka.SharedAsync();
        await Topics.CreateAsync(kafka.Bootstrap, topic, 4);
        var options = Topics.Options(kafka.Bootstrap) with { Consumer = new() { GroupProtocol = protocol } };
        using var first = new Member(options, group, topic).Start();
        await Machine.UntilAsync("all four", Limit, () => Task.FromResult(first.Owned.Count == 4));
        using var second = new Member(options, group, topic).Start();
        await Machine.UntilAsync(
            "a share each", Limit, () => Task.FromResult(first.Owned.Count == 2 && second.Owned.Count == 2));
        for (var partition = 0; partition < 4; partition++)
        {
            Topics.Fill(kafka.Bootstrap, topic, partition, 0, 100);
        }

        await Machine.UntilAsync(
            "the first half", Limit, () => Task.FromResult(first.Seen.Count + second.Seen.Count == 400));
        await first.CommitAsync([.. first.Owned.Keys.Select(partition => new PartitionOffset(partition, 100))]);
        await first.CloseAsync();
        await Machine.UntilAsync("the hand-over", Limit, () => Task.FromResult(second.Owned.Count == 4));
        for (var partition = 0; partition < 4; partition++)
        {
            Topics.Fill(kafka.Bootstrap, topic, partition, 100, 100);
        }

        await Machine.UntilAsync(
            "all records", Limit, () => Task.FromResult(first.Seen.Count + second.Seen.Count >= 800));
        first.Seen.Concat(second.Seen).Select(seen => (seen.Partition, seen.Offset)).Distinct().Count().ShouldBe(800);
        first.Losses.ShouldBeEmpty();
        second.Losses.ShouldBeEmpty();
        await second.CloseAsync();
    }

    [KafkaTheory]
    [InlineData(KafkaGroupProtocol.Consumer)]
    [InlineData(KafkaGroupProtocol.Classic)]
    public async Task Co_partitioned_topics_stay_in_step_through_a_join_and_a_leave(KafkaGroupProtocol protocol)
    {
        var kafka = await RealKafka.SharedAsync();
        string[] topics = [topic, topic + "-too"];
        foreach (var each in topics)
        {
            await Topics.CreateAsync(kafka.Bootstrap, each, 4);
        }

        var spec = new GroupSpec("test", group, CoPartitioned: true);
        var options = Topics.Options(kafka.Bootstrap) with { Consumer = new() { GroupProtocol = protocol } };
        using var first = new Member(options, spec, topics).Start();
        await Member.OwnInStepAsync(8, first);
        using var second = new Member(options, spec, topics).Start();
        await Member.OwnInStepAsync(4, first, second);
        await first.CloseAsync();
        await Member.OwnInStepAsync(8, second);
        await second.CloseAsync();
    }

    [KafkaTheory]
    [InlineData(KafkaGroupProtocol.Consumer)]
    [InlineData(KafkaGroupProtocol.Classic)]
    public async Task A_member_that_does_not_poll_in_time_loses_its_partitions_and_comes_back(
        KafkaGroupProtocol protocol)
    {
        var kafka = await RealKafka.SharedAsync();
        await Topics.CreateAsync(kafka.Bootstrap, topic, 2);
        var limit = TimeSpan.FromSeconds(3);
        var options = Topics.Options(kafka.Bootstrap) with
        {
            Consumer = new() { GroupProtocol = protocol, MaxPollInterval = limit, SessionTimeout = limit },
        };
        using var first = new Member(options, group, topic).Start();
        await Machine.UntilAsync("both", Limit, () => Task.FromResult(first.Owned.Count == 2));
        using var second = new Member(options, group, topic).Start();
        await Machine.UntilAsync(
            "one each", Limit, () => Task.FromResult(first.Owned.Count == 1 && second.Owned.Count == 1));

        using var goesOn = new ManualResetEventSlim();
        var blocked = first.OnPollThread(_ => goesOn.Wait(Limit));
        await Machine.UntilAsync("the other has both", Limit, () => Task.FromResult(second.Owned.Count == 2));
        goesOn.Set();
        (await blocked).ShouldBeTrue();

        await Machine.UntilAsync(
            "one each again", Limit, () => Task.FromResult(first.Owned.Count == 1 && second.Owned.Count == 1));
        first.Losses.ShouldHaveSingleItem();
        first.Failures.ShouldBeEmpty();
        await first.CloseAsync();
        await second.CloseAsync();
    }

    [KafkaFact]
    public async Task Deleted_records_and_a_seek_are_survived_in_both_protocols()
    {
        var kafka = await RealKafka.SharedAsync();
        await Topics.CreateAsync(kafka.Bootstrap, topic, 1);
        Topics.Fill(kafka.Bootstrap, topic, 0, 0, 100);
        using var admin = Topics.Admin(kafka.Bootstrap);
        await admin.DeleteRecordsAsync([new TopicPartitionOffset(topic, 0, 50)]);
        var partition = new PartitionId(topic, 0);
        foreach (var protocol in new[] { KafkaGroupProtocol.Consumer, KafkaGroupProtocol.Classic })
        {
            var options = Topics.Options(kafka.Bootstrap) with { Consumer = new() { GroupProtocol = protocol } };
            using var member = new Member(options, RealKafka.Name("g"), topic) { StartAt = _ => 10 };
            member.Start();
            await Machine.UntilAsync("the report", Limit, () => Task.FromResult(!member.OutOfRanges.IsEmpty));
            (await member.OnPollThread(consumer => consumer.Bounds(partition, Limit))).ShouldBe((50, 100));
            await member.OnPollThread(consumer =>
            {
                consumer.Seek(new PartitionOffset(partition, 50));
                return true;
            });
            await Machine.UntilAsync("the rest", Limit, () => Task.FromResult(member.Seen.Count >= 50));
            member.Seen.Select(seen => seen.Offset).ShouldBe(Enumerable.Range(50, 50).Select(offset => (long)offset));
            (await member.OnPollThread(c => c.Lag(new PartitionOffset(partition, 60)))).ShouldBe(40);
            await member.CloseAsync();
        }
    }

    [KafkaFact]
    public async Task A_topic_that_is_made_again_is_read_from_its_start_with_or_without_a_report()
    {
        var kafka = await RealKafka.SharedAsync();
        await Topics.CreateAsync(kafka.Bootstrap, topic, 1);
        Topics.Fill(kafka.Bootstrap, topic, 0, 0, 100);
        var options = Topics.Options(kafka.Bootstrap) with
        {
            Consumer = new() { MetadataRefresh = TimeSpan.FromSeconds(1) },
        };
        using var member = new Member(options, group, topic).Start();
        await Machine.UntilAsync("the records", Limit, () => Task.FromResult(member.Seen.Count == 100));

        using var admin = Topics.Admin(kafka.Bootstrap);
        await admin.DeleteTopicsAsync([topic]);
        await Task.Delay(2000);
        await Topics.CreateAsync(kafka.Bootstrap, topic, 1);
        Topics.Fill(kafka.Bootstrap, topic, 0, 0, 10);

        await Machine.UntilAsync("the report or the records", Limit, () => Task.FromResult(
            !member.OutOfRanges.IsEmpty || member.Seen.Count > 100));
        if (member.Seen.Count == 100)
        {
            await member.OnPollThread(consumer =>
            {
                consumer.Seek(new PartitionOffset(new PartitionId(topic, 0), 0));
                return true;
            });
        }

        await Machine.UntilAsync("the new records", Limit, () => Task.FromResult(member.Seen.Count >= 110));
        member.Seen.Skip(100).Select(seen => seen.Offset).ShouldBe(Enumerable.Range(0, 10).Select(at => (long)at));
        member.Failures.ShouldBeEmpty();
        await member.CloseAsync();
    }

    [KafkaFact]
    public async Task A_partition_that_is_added_is_found_and_read_from_its_start()
    {
        var kafka = await RealKafka.SharedAsync();
        await Topics.CreateAsync(kafka.Bootstrap, topic, 1);
        using var member = new Member(Topics.Options(kafka.Bootstrap), group, topic).Start();
        await Machine.UntilAsync("the assignment", Limit, () => Task.FromResult(member.Owned.Count == 1));

        using var admin = Topics.Admin(kafka.Bootstrap);
        await admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = topic, IncreaseTo = 2 }]);
        Topics.Fill(kafka.Bootstrap, topic, 1, 0, 10);

        await Machine.UntilAsync("the records", Limit, () => Task.FromResult(member.Seen.Count == 10));
        await member.CloseAsync();
    }

    [KafkaFact]
    public async Task Missing_topics_are_created_or_waited_for_and_it_is_said_once()
    {
        var kafka = await RealKafka.SharedAsync();
        using var source = new KafkaSource(Topics.Options(kafka.Bootstrap), TimeProvider.System);
        using var member = new Member(Topics.Options(kafka.Bootstrap), group, topic);
        (await source.PrepareAsync("p", [new TopicSpec(topic, 3, 1)], member, CancellationToken.None))
            .ShouldBe([new KeyValuePair<string, int>(topic, 3)]);
        member.Events.OfType<EngineEvent.TopicsCreated>().ShouldHaveSingleItem().Topics.ShouldBe([topic]);

        using var stop = new CancellationTokenSource();
        var waits = source.PrepareAsync("p", [new TopicSpec(topic + "-x", 0, 0)], member, stop.Token);
        await Task.Delay(2500);
        member.Events.OfType<EngineEvent.WaitingForSource>().ShouldHaveSingleItem().Why.ShouldContain(topic + "-x");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(waits.WaitAsync(TimeSpan.FromSeconds(1)));
        (await source.IsReachableAsync(CancellationToken.None)).ShouldBeTrue();
    }

    [KafkaFact(Dedicated = true)]
    public async Task A_broker_without_the_new_protocol_is_joined_by_the_classic_one()
    {
        await using var kafka = await RealKafka.StartAsync(
            new() { Settings = ["group.coordinator.rebalance.protocols=classic"] });
        await Topics.CreateAsync(kafka.Bootstrap, topic, 2);
        Topics.Fill(kafka.Bootstrap, topic, 0, 0, 10);
        using var member = new Member(Topics.Options(kafka.Bootstrap), group, topic).Start();

        await Machine.UntilAsync("the records", Limit, () => Task.FromResult(member.Seen.Count == 10));

        member.Failures.ShouldBeEmpty();
        member.Events.OfType<EngineEvent.Joining>().Select(joining => joining.Protocol)
            .ShouldBe(["consumer", "classic"]);
        await member.CommitAsync(new PartitionOffset(new PartitionId(topic, 0), 10));
        await member.CloseAsync();
    }

    [KafkaFact(Dedicated = true)]
    public async Task A_broker_that_is_killed_frozen_and_absent_is_ridden_out()
    {
        await using var kafka = await RealKafka.StartAsync();
        await Topics.CreateAsync(kafka.Bootstrap, topic, 1);
        Topics.Fill(kafka.Bootstrap, topic, 0, 0, 10);
        var options = Topics.Options(kafka.Bootstrap);
        using var source = new KafkaSource(options, TimeProvider.System);
        using var member = new Member(options, group, topic).Start();
        await Machine.UntilAsync("the records", Limit, () => Task.FromResult(member.Seen.Count == 10));
        var partition = new PartitionId(topic, 0);

        await kafka.PauseAsync(1);
        var commit = member.CommitAsync(new PartitionOffset(partition, 5));
        var answers = member.OnPollThread(_ => true);
        (await Task.WhenAny(answers, Task.Delay(1000))).ShouldBe(answers);
        commit.IsCompleted.ShouldBeFalse();
        (await source.IsReachableAsync(CancellationToken.None)).ShouldBeFalse();
        await kafka.ResumeAsync(1);
        await commit.WaitAsync(Limit);

        await kafka.KillAsync(1);
        await Task.Delay(2000);
        await kafka.UpAsync(1);
        Topics.Fill(kafka.Bootstrap, topic, 0, 10, 10);
        await Machine.UntilAsync("the rest", Limit, () => Task.FromResult(member.Seen.Count == 20));
        member.Failures.ShouldBeEmpty();
        await Machine.UntilAsync(
            "the recovery", Limit, () => Task.FromResult(member.Events.OfType<EngineEvent.PeerRecovered>().Any()));
        await member.CommitAsync(new PartitionOffset(partition, 20)).WaitAsync(Limit);

        await kafka.PauseAsync(1);
        var left = member.CloseAsync();
        await left.WaitAsync(TimeSpan.FromSeconds(8));
        await kafka.ResumeAsync(1);
    }
}
