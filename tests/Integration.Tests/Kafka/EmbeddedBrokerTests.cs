using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using StreamActors.Events;
using StreamActors.Kafka;
using StreamActors.Records;
using StreamActors.Sources;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.Kafka;

/// <summary>What a member of a group promises, on the embedded broker: quick, no claim about Kafka.</summary>
public sealed class EmbeddedBrokerTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private readonly EmbeddedBroker broker = new();

    public void Dispose() => broker.Dispose();

    [Fact]
    public async Task Records_arrive_as_they_were_produced_null_and_empty_told_apart()
    {
        broker.CreateTopic("t", 1);
        Topics.Put(broker.BootstrapServers, "t", null, null);
        Topics.Put(broker.BootstrapServers, "t", [], []);
        var headers = new Headers { { "a", Encoding.UTF8.GetBytes("1") }, { "none", null }, { "a", [] } };
        Topics.Put(broker.BootstrapServers, "t", Encoding.UTF8.GetBytes("k"), Encoding.UTF8.GetBytes("v"), headers);
        using var member = Join("t");

        await Machine.UntilAsync("three records", Limit, () => Task.FromResult(member.Seen.Count == 3));

        var partition = new PartitionId("t", 0);
        member.Seen.ShouldBe(
        [
            new Seen(partition, 0, null, null, ""),
            new Seen(partition, 1, "", "", ""),
            new Seen(partition, 2, "k", "v", "a=1;none=<null>;a=;"),
        ]);
        await member.CloseAsync();
    }

    [Fact]
    public async Task A_held_partition_stops_no_other_and_loses_and_repeats_nothing()
    {
        broker.CreateTopic("t", 2);
        var held = new PartitionId("t", 0);
        using var member = new Member(broker.Options, "g", "t");
        member.Held[held] = true;
        member.Start();
        Topics.Fill(broker.BootstrapServers, "t", 0, 0, 5000);
        Topics.Fill(broker.BootstrapServers, "t", 1, 0, 5000);

        await Machine.UntilAsync("the other", Limit, () => Task.FromResult(member.Seen.Count == 5000));
        member.Seen.ShouldAllBe(record => record.Partition.Number == 1);
        member.Held.Clear();
        member.Consumer.Wake();

        await Machine.UntilAsync("the held one", Limit, () => Task.FromResult(member.Seen.Count >= 10000));
        member.Seen.Where(record => record.Partition == held).Select(record => record.Offset)
            .ShouldBe(Enumerable.Range(0, 5000).Select(offset => (long)offset));
        await member.CloseAsync();
    }

    [Fact]
    public async Task Co_partitioned_topics_stay_in_step()
    {
        broker.CreateTopic("t", 4);
        broker.CreateTopic("u", 4);
        var spec = new GroupSpec("test", "g", CoPartitioned: true);
        using var first = new Member(broker.Options, spec, "t", "u").Start();
        await Member.OwnInStepAsync(8, first);
        using var second = new Member(broker.Options, spec, "t", "u").Start();
        await Member.OwnInStepAsync(4, first, second);
        await first.CloseAsync();
        await Member.OwnInStepAsync(8, second);
        await second.CloseAsync();
    }

    [Fact]
    public async Task Records_of_a_held_partition_wake_nobody_and_Wake_does()
    {
        broker.CreateTopic("t", 1);
        using var member = new Member(broker.Options, "g", "t");
        member.Start();
        Topics.Fill(broker.BootstrapServers, "t", 0, 0, 10);
        await Machine.UntilAsync("the records", Limit, () => Task.FromResult(member.Seen.Count == 10));
        member.Held[new PartitionId("t", 0)] = true;
        var polls = member.Polls;
        var since = Stopwatch.StartNew();
        for (var i = 1; i < 20; i++)
        {
            Topics.Fill(broker.BootstrapServers, "t", 0, i * 10, 10);
        }

        // A poll a second by itself, the one that was under way, and the first record's.
        (member.Polls - polls).ShouldBeLessThanOrEqualTo((int)since.Elapsed.TotalSeconds + 3);
        member.Seen.Count.ShouldBe(10);
        var answer = member.OnPollThread(_ => true);
        (await Task.WhenAny(answer, Task.Delay(500))).ShouldBe(answer);
        await member.CloseAsync();
    }

    [Fact]
    public void A_queue_that_nobody_reads_again_wakes_once()
    {
        broker.CreateTopic("t", 1);
        var signal = new PollSignal(TimeSpan.Zero, TimeProvider.System);
        var member = NewMember(signal, static _ => { });
        using (var batch = new RecordBatch())
        using (var reader = new PartitionReader(
            member.Client, new PartitionId("t", 0), signal, new HeaderScratch(), static (_, _) => { }))
        {
            batch.Reset(reader.Partition);
            for (var round = 0; round < 2; round++)
            {
                reader.Read(batch, 10, 1000).ShouldBe(0);
                signal.Wait(TimeSpan.FromMilliseconds(50));    // what came before does not count
                reader.Filled();
                Waited(signal, TimeSpan.FromSeconds(10)).ShouldBeLessThan(TimeSpan.FromSeconds(5));
                reader.Filled();
                Waited(signal, TimeSpan.FromMilliseconds(300)).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(250));
            }
        }

        member.End(Limit).ShouldBeTrue();
    }

    [Fact]
    public async Task A_record_wakes_the_poll_thread_within_milliseconds()
    {
        broker.CreateTopic("t", 1);
        using var member = Join("t");
        await Machine.UntilAsync("the assignment", Limit, () => Task.FromResult(member.Owned.Count == 1));
        Topics.Fill(broker.BootstrapServers, "t", 0, 0, 1);
        await Machine.UntilAsync("the first record", Limit, () => Task.FromResult(member.Seen.Count == 1));
        var polls = member.Polls;

        Topics.Fill(broker.BootstrapServers, "t", 0, 1, 1);    // returns when the broker has it
        await Task.Delay(100);

        member.Seen.Count.ShouldBe(2);
        (member.Polls - polls).ShouldBeLessThan(10);
        await member.CloseAsync();
    }

    [Fact]
    public async Task A_restart_resumes_at_the_committed_offset()
    {
        broker.CreateTopic("t", 1);
        Topics.Fill(broker.BootstrapServers, "t", 0, 0, 10);
        using (var first = Join("t"))
        {
            await Machine.UntilAsync("ten records", Limit, () => Task.FromResult(first.Seen.Count == 10));
            await first.CommitAsync(new PartitionOffset(new PartitionId("t", 0), 7));
            await first.CloseAsync();
        }

        using var second = Join("t");
        await Machine.UntilAsync("the rest", Limit, () => Task.FromResult(second.Seen.Count == 3));
        second.Seen.Select(record => record.Offset).ShouldBe([7L, 8L, 9L]);
        await second.CloseAsync();
    }

    [Fact]
    public async Task Two_members_share_and_hand_over()
    {
        broker.CreateTopic("t", 4);
        using var first = Join("t");
        await Machine.UntilAsync("all four", Limit, () => Task.FromResult(first.Owned.Count == 4));
        using var second = Join("t");
        await Machine.UntilAsync(
            "a share each", Limit, () => Task.FromResult(first.Owned.Count == 2 && second.Owned.Count == 2));
        await first.CloseAsync();
        await Machine.UntilAsync("the hand-over", Limit, () => Task.FromResult(second.Owned.Count == 4));
        first.Losses.ShouldBeEmpty();
        await second.CloseAsync();
    }

    [Fact]
    public async Task An_offset_that_retention_deleted_is_reported_and_a_seek_goes_on()
    {
        broker.CreateTopic("t", 1);
        Topics.Fill(broker.BootstrapServers, "t", 0, 0, 100);
        broker.DeleteRecords("t", 0, 50);
        var partition = new PartitionId("t", 0);
        using var member = new Member(broker.Options, "g", "t") { StartAt = _ => 10 };
        member.Start();

        await Machine.UntilAsync("the report", Limit, () => Task.FromResult(!member.OutOfRanges.IsEmpty));
        var (first, end) = await member.OnPollThread(consumer => consumer.Bounds(partition, Limit));
        end.ShouldBe(100);
        await member.OnPollThread(consumer =>
        {
            consumer.Seek(new PartitionOffset(partition, first));
            return true;
        });

        await Machine.UntilAsync("the rest", Limit, () => Task.FromResult(member.Seen.Count == 100 - first));
        member.Seen[0].Offset.ShouldBe(first);
        member.OutOfRanges.ShouldHaveSingleItem().ShouldBe(partition);
        await member.CloseAsync();
    }

    [Fact]
    public async Task A_partition_whose_start_failed_is_silent_until_it_seeks()
    {
        broker.CreateTopic("t", 1);
        Topics.Fill(broker.BootstrapServers, "t", 0, 0, 10);
        using var member = new Member(broker.Options, "g", "t") { StartAt = _ => -1 };
        member.Start();
        await Machine.UntilAsync("the assignment", Limit, () => Task.FromResult(member.Owned.Count == 1));
        Topics.Fill(broker.BootstrapServers, "t", 0, 10, 10);
        await Task.Delay(300);
        member.Seen.ShouldBeEmpty();

        await member.OnPollThread(consumer =>
        {
            consumer.Seek(new PartitionOffset(new PartitionId("t", 0), 5));
            return true;
        });

        await Machine.UntilAsync("the records", Limit, () => Task.FromResult(member.Seen.Count >= 15));
        member.Seen.Select(record => record.Offset).ShouldBe(Enumerable.Range(5, 15).Select(offset => (long)offset));
        await member.CloseAsync();
    }

    [Fact]
    public async Task A_broker_that_goes_and_comes_back_is_ridden_out_and_reported_once()
    {
        broker.CreateTopic("t", 1);
        using var member = Join("t");
        Topics.Fill(broker.BootstrapServers, "t", 0, 0, 10);
        await Machine.UntilAsync("ten records", Limit, () => Task.FromResult(member.Seen.Count == 10));

        broker.TakeDown();
        await Task.Delay(3000);
        broker.BringUp();
        Topics.Fill(broker.BootstrapServers, "t", 0, 10, 10);

        await Machine.UntilAsync("the rest", Limit, () => Task.FromResult(member.Seen.Count == 20));
        await Machine.UntilAsync(
            "the recovery", Limit, () => Task.FromResult(member.Events.OfType<EngineEvent.PeerRecovered>().Any()));
        member.Events.OfType<EngineEvent.PeerTrouble>().Count().ShouldBe(1);
        member.Failures.ShouldBeEmpty();
        await member.CloseAsync();
    }

    [Fact]
    public async Task A_member_leaves_within_its_limit_even_when_the_broker_is_gone()
    {
        broker.CreateTopic("t", 1);
        using var member = Join("t");
        await Machine.UntilAsync("the assignment", Limit, () => Task.FromResult(member.Owned.Count == 1));
        broker.TakeDown();
        var lost = await member.OnPollThread(consumer => consumer.CommitAsync([new(new PartitionId("t", 0), 1)]));

        await member.CloseAsync().WaitAsync(TimeSpan.FromSeconds(8));

        lost.IsCompleted.ShouldBeTrue("nobody is left waiting for a commit once the member has left");
        await Should.ThrowAsync<SourceException>(lost);
        member.Owned.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_handler_that_throws_while_the_member_leaves_leaves_no_commit_unanswered()
    {
        broker.CreateTopic("t", 1);
        using var member = new Member(broker.Options, "g", "t") { OnRevoked = () => throw new SourceException("no") };
        member.Start();
        await Machine.UntilAsync("the assignment", Limit, () => Task.FromResult(member.Owned.Count == 1));
        broker.TakeDown();
        var lost = await member.OnPollThread(consumer => consumer.CommitAsync([new(new PartitionId("t", 0), 1)]));

        await Should.ThrowAsync<SourceException>(member.CloseAsync());

        lost.IsCompleted.ShouldBeTrue();
        await Should.ThrowAsync<SourceException>(lost);
    }

    [Fact]
    public void A_client_ends_although_nobody_served_its_last_revoke()
    {
        broker.CreateTopic("t", 1);
        var assigned = false;
        var member = NewMember(new PollSignal(TimeSpan.Zero, TimeProvider.System), _ => assigned = true);
        member.Consumer.Subscribe("t");
        for (var until = DateTime.UtcNow + Limit; !assigned && DateTime.UtcNow < until;)
        {
            member.Serve(TimeSpan.FromMilliseconds(50));
        }

        member.Leave(TimeSpan.Zero, TimeProvider.System);

        member.End(Limit).ShouldBeTrue();
    }

    private static TimeSpan Waited(PollSignal signal, TimeSpan limit)
    {
        var since = Stopwatch.StartNew();
        signal.Wait(limit);
        return since.Elapsed;
    }

    private KafkaMember NewMember(PollSignal signal, Action<List<TopicPartition>> assigned) => new(
        broker.Options,
        new GroupSpec("p", "g", CoPartitioned: false),
        classic: false,
        new MemberHandlers(
            partitions =>
            {
                assigned(partitions);
                return partitions.ConvertAll(static partition => new TopicPartitionOffset(partition, 0));
            },
            Revoked: static _ => { },
            Lost: static _ => { },
            Complained: static _ => { }),
        signal);

    private Member Join(params string[] topics) => new Member(broker.Options, "g", topics).Start();
}
