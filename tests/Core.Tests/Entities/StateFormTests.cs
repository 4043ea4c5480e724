using System.Buffers;
using StreamActors.Entities;
using StreamActors.Shards;
using StreamActors.Snapshots;

namespace StreamActors.Core.Tests.Entities;

/// <summary>A codec that throws in place of refusing, as a serialiser does with a type without a constructor.</summary>
public sealed class StateFormTests
{
    private readonly StateForm<Bag> form = new("bags", 1, new Throwing(), new object());

    [Fact]
    public void What_is_stored_and_cannot_be_read_is_of_no_use_and_the_shard_stands_still_for_it() =>
        Should.Throw<SnapshotException>(() => form.Read("[1]"u8, 1, "ann"u8, "g/t/0"))
            .Message.ShouldContain("\"ann\" in the shard g/t/0 is refused by its codec: it threw NotSupported");

    [Fact]
    public void A_state_that_cannot_be_put_back_behind_a_call_that_threw_is_not_kept_half_changed()
    {
        var guard = new StateGuard<Bag>(form);
        var state = new Bag();
        guard.Keep(in state);
        state.Items.Add(2);

        // It ends the shard, which begins again with what is stored; as the record's failure it would be a dead letter.
        Should.Throw<EngineDefectException>(() => guard.Restore(ref state))
            .Message.ShouldContain("refuses what it wrote: it threw NotSupportedException: no constructor");
    }

    internal sealed class Bag
    {
        public List<int> Items { get; } = [];
    }

    private sealed class Throwing : ICodec<Bag>
    {
        public void Write(in Bag value, IBufferWriter<byte> to) => to.Write("[]"u8);

        public bool TryRead(ReadOnlySpan<byte> bytes, out Bag value, out Rejection rejection) =>
            throw new NotSupportedException("no constructor");
    }
}
