using StreamActors.Records;
using StreamActors.Shards;

namespace StreamActors.Core.Tests.Shards;

public sealed class MailboxTests
{
    [Theory]
    [InlineData(10, 1_000_000)]    // full by records
    [InlineData(1_000_000, 100)]   // full by bytes
    public void It_is_full_until_what_was_taken_is_done(int maxRecords, int maxBytes)
    {
        var mailbox = new Mailbox(maxRecords, maxBytes);
        mailbox.Post(new Mailbox.Letter(0, Batch(5)));
        mailbox.HasRoom.ShouldBeTrue();
        mailbox.Post(new Mailbox.Letter(0, Batch(5)));
        mailbox.HasRoom.ShouldBeFalse();
        mailbox.TryTake(out var letter).ShouldBeTrue();
        mailbox.HasRoom.ShouldBeFalse("what a turn works on still counts");
        mailbox.Done(letter).ShouldBeTrue("there is room again, and the poll thread is to know");
        mailbox.TryTake(out letter).ShouldBeTrue();
        mailbox.Done(letter).ShouldBeFalse("there was room before");
        mailbox.IsEmpty.ShouldBeTrue();
        mailbox.TryTake(out _).ShouldBeFalse();
    }

    private static RecordBatch Batch(int records)
    {
        var batch = new RecordBatch();
        for (var i = 0; i < records; i++)
        {
            batch.Add(i, 0, default, new byte[10], default);
        }

        return batch;
    }
}
