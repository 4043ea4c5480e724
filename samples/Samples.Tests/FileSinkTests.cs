using System.Text;
using Archiving;
using StreamActors.Sinks;

namespace Samples.Tests;

/// <summary>The sink keeps what every sink promises; its outage is a folder that is gone.</summary>
public sealed class FileSinkTests : SinkContract, IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("streamactors-files-").FullName;

    public FileSinkTests() => Directory.CreateDirectory(Folder);

    protected override SinkOutput Undeliverable { get; } = new(null, "two\nlines"u8.ToArray());

    private string Folder => Path.Combine(root, "archive");

    private string Gone => Path.Combine(root, "gone");

    [Theory]
    [MemberData(nameof(Promises))]
    [MemberData(nameof(OutagePromises))]
    [MemberData(nameof(RefusalPromises))]
    public Task It_keeps(SinkPromise promise) => CheckAsync(promise);

    [Theory]
    [InlineData("one\ntwo\nthr", "one\ntwo\n")]
    [InlineData("thr", "")]
    [InlineData("one\n", "one\n")]
    public async Task A_line_that_was_cut_in_the_middle_is_cut_off_before_the_next(string found, string kept)
    {
        File.WriteAllText(Path.Combine(Folder, "orders"), found);
        await DeliverAsync("orders", "next");
        File.ReadAllText(Path.Combine(Folder, "orders")).ShouldBe(kept + "next\n");
    }

    [Fact]
    public async Task A_full_disk_is_an_outage_whose_message_names_the_file_and_the_remedy()
    {
        File.CreateSymbolicLink(Path.Combine(Folder, "orders"), "/dev/full");
        var outage = await Should.ThrowAsync<SinkException>(() => DeliverAsync("orders", "lost"));
        outage.Message.ShouldStartWith($"{Folder}/orders: No space left on device");
        outage.Message.ShouldEndWith("The folder must be there, with room, and ours to write to.");
    }

    [Fact]
    public async Task What_may_not_be_written_to_is_an_outage()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "orders"));    // root may write everywhere, but not to this
        var outage = await Should.ThrowAsync<SinkException>(() => DeliverAsync("orders", "lost"));
        outage.Message.ShouldContain("denied");
    }

    [Fact]
    public async Task A_file_that_another_has_locked_is_an_outage_until_it_is_free()
    {
        using (new FileStream(Path.Combine(Folder, "orders"), FileMode.Create, FileAccess.Write, FileShare.None))
        {
            await Should.ThrowAsync<SinkException>(() => DeliverAsync("orders", "a"));
        }

        await DeliverAsync("orders", "a");
        File.ReadAllText(Path.Combine(Folder, "orders")).ShouldBe("a\n");
    }

    [Theory]
    [InlineData("../orders")]
    [InlineData("/etc/orders")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("or\0ders")]
    public async Task A_destination_outside_the_folder_is_refused(string destination)
    {
        (await DeliverAsync(destination, "a")).ShouldBe(["its destination is no file name"]);
        Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).ShouldBe([Folder]);
    }

    [Fact]
    public async Task A_name_that_no_file_system_takes_is_refused_and_the_longest_is_not()
    {
        (await DeliverAsync(new string('ü', 128), "a")).Count.ShouldBe(1);
        (await DeliverAsync(new string('ü', 127), "a")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Asking_whether_it_is_reachable_leaves_nothing_behind()
    {
        (await new FileSink(Folder).IsReachableAsync(default)).ShouldBeTrue();
        Directory.EnumerateFileSystemEntries(Folder).ShouldBeEmpty();
    }

    [Fact]
    public void Orders_are_archived_by_their_day()
    {
        using var test = PipelineTest.Of(Archive.Define);
        var (late, early) = (Order("a", "2026-01-31T23:59:59Z"), Order("b", "2026-02-01T01:00:00+02:00"));
        test.Send("orders", "ann", late);
        test.Send("orders", "bob", early);
        test.Send("orders", "ann", late with { Id = "c", At = late.At.AddSeconds(1) });
        test.Expect("orders-2026-01-31.jsonl", late, early);
        test.ReadRaw("orders-2026-02-01.jsonl").ShouldHaveSingleItem().Text
            .ShouldBe("""{"id":"c","at":"2026-02-01T00:00:00+00:00","total":9.50}""");
    }

    [Fact]
    public void An_archive_that_is_away_has_everything_when_it_is_back()
    {
        using var test = PipelineTest.Of(Archive.Define);
        var order = Order("a", "2026-01-31T12:00:00Z");
        test.FailSink("files");
        test.Send("orders", "ann", order);
        test.Advance(TimeSpan.FromHours(1));
        test.Written("orders-2026-01-31.jsonl").ShouldBeEmpty();
        test.HealSink("files");
        test.Advance(TimeSpan.FromSeconds(2));
        test.Expect("orders-2026-01-31.jsonl", order);
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    protected override Task<ISink> OpenAsync() => Task.FromResult<ISink>(new FileSink(Folder));

    protected override async Task<IReadOnlyList<SinkOutput>> DeliveredAsync(string destination)
    {
        var path = Path.Combine(Folder, destination);
        var text = File.Exists(path) ? Encoding.Latin1.GetString(await File.ReadAllBytesAsync(path)) : "";
        return [.. text.Split('\n').SkipLast(1)
            .Select(static line => new SinkOutput(null, Encoding.Latin1.GetBytes(line)))];
    }

    protected override SinkOutput Seen(SinkOutput output) => new(null, output.Value ?? []);

    protected override bool IsRefused(SinkOutput output) => output.Value?.Contains((byte)'\n') == true;

    protected override Task GoAwayAsync()
    {
        Directory.Move(Folder, Gone);
        return Task.CompletedTask;
    }

    protected override Task ComeBackAsync()
    {
        Directory.Move(Gone, Folder);
        return Task.CompletedTask;
    }

    private static Order Order(string id, string at) => new(id, DateTimeOffset.Parse(at), 9.50m);

    /// <summary>Delivers a line; returns why it was refused.</summary>
    private async Task<IReadOnlyList<string>> DeliverAsync(string destination, string line)
    {
        await using var sink = new FileSink(Folder);
        using var batch = SinkOutput.Batch(destination, new SinkOutput(null, Encoding.UTF8.GetBytes(line)));
        await sink.DeliverAsync(batch, default);
        return [.. batch.Refused.Select(static each => each.Reason)];
    }
}
