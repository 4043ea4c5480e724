using StreamActors.Snapshots;

namespace StreamActors.Core.Tests.Snapshots;

public sealed class SnapshotReaderTests
{
    [Fact]
    public void What_another_release_wrote_in_another_form_is_refused_by_name_and_read_by_nobody()
    {
        var writer = SnapshotWriter.Sealed();
        writer.Write(7);

        var refused = Should.Throw<SnapshotException>(() =>
        {
            var reader = SnapshotReader.Open(writer.Seal().Span, "rides/entity Rider/3", "calls prices");
            reader.ReadNumber().ShouldBe(7);
            reader.ReadNumber();
        });

        refused.Message.ShouldBe(
            "The snapshot of the shard rides/entity Rider/3 is of a form that this release does not know: calls prices "
            + "ends 0 bytes behind a place where 8 are expected. Run the release that wrote it.");
    }

    [Theory]
    [InlineData(-1L)]
    [InlineData(2L)]
    [InlineData(long.MaxValue)]
    public void A_length_that_cannot_be_is_refused_too(long length)
    {
        var writer = SnapshotWriter.Sealed();
        writer.Write(length);

        Should.Throw<SnapshotException>(() =>
        {
            var reader = SnapshotReader.Open(writer.Seal().Span, "s", "head");
            reader.ReadBytes();
        });
    }
}
