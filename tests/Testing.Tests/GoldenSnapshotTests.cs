using System.Text;
using Microsoft.Extensions.DependencyInjection;
using StreamActors.Snapshots;

namespace StreamActors.Testing.Tests;

/// <summary>
/// What releases have saved, as files in <c>Snapshots</c>: each stays readable, and none can change unseen. The last
/// one is what this release saves. When that changes on purpose, it gets a file of its own, by a run with
/// <c>STREAMACTORS_SNAPSHOT=write</c> and a new name here; the older ones stay as they are.
/// </summary>
public sealed class GoldenSnapshotTests
{
    private const string Last = "2-states-with-versions";

    private static readonly (string Topic, string Key, string Value)[] Records =
    [
        ("in", "a", "x"), ("in", "a", "y"), ("in", "b", "z"), ("in", "a", "x"),
        ("calls", "k", "parked"), ("calls", "k", "behind"),
        ("windows", "k", "first"), ("windows", "k", "last"),
    ];

    private static readonly string[] Shards = ["test/calls/0", "test/entity Keeping/0", "test/windows/0"];

    [Fact]
    public async Task What_this_release_saves_is_what_its_file_has()
    {
        using var test = PipelineTest.Of(Define, static services => Calls(services, isAway: true));
        Send(test);
        test.Advance(TimeSpan.FromMinutes(1));
        var saved = await DumpAsync(test.Around.Store);
        if (Environment.GetEnvironmentVariable("STREAMACTORS_SNAPSHOT") == "write")
        {
            await File.WriteAllTextAsync(PathOf(Last), saved);
        }

        saved.ShouldBe(await File.ReadAllTextAsync(PathOf(Last)));
    }

    [Theory]
    [InlineData("1-before-states-had-versions")]
    [InlineData(Last)]
    public async Task What_a_release_has_saved_is_read_and_goes_on_as_it_was(string file)
    {
        using var test = PipelineTest.Of(Define, static services => Calls(services, isAway: false));
        await LoadAsync(test.Around.Store, await File.ReadAllLinesAsync(PathOf(file)));

        // The records that the snapshot has are in their topics, and handled by nobody.
        foreach (var (topic, key, value) in Records)
        {
            test.Around.Topics.Append(topic, Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value), new());
        }

        test.Advance(TimeSpan.Zero);
        test.Expect("calls-out", "parked", "behind");
        test.Expect<string>("out");
        test.State<Tally>("a").ShouldBe(new Tally(2, "y"));
        test.State<Tally>("b").ShouldBe(new Tally(1, "z"));
        test.Send("in", "b", "x");
        test.Expect<string>("out");
        test.Send("in", "a", "new");
        test.Expect("out", "a 3 after y");
        test.Advance(TimeSpan.FromHours(1));
        test.Read<string>("out").ShouldContain("b clock");
        test.Expect("windows-out", "last");
        test.Send("in", "b", "late", new SendOptions { Timestamp = test.Time.GetUtcNow().AddMinutes(30) });
        test.Read<string>("out").ShouldContain("b event");
    }

    private static void Define(PipelineBuilder pipeline)
    {
        pipeline.From("in", Codec.Text).DedupById(static text => text, TimeSpan.FromDays(1))
            .Entity<Keeping, Tally, string>().To(Routes.ToTopic("out"));
        pipeline.From("calls", Codec.Text)
            .MapAsync<Asking, string>(new() { Retry = Retry.On<IOException>(100, TimeSpan.FromSeconds(20)) })
            .To(Routes.ToTopic("calls-out"));
        pipeline.From("windows", Codec.Text).Every(TimeSpan.FromMinutes(30)).Sample(2)
            .To(Routes.ToTopic("windows-out"));
    }

    private static void Calls(IServiceCollection services, bool isAway) => services.AddSingleton<Func<string, string>>(
        text => isAway ? throw new IOException("It is away.") : text);

    private static void Send(PipelineTest test)
    {
        foreach (var topic in Records.GroupBy(static record => record.Topic))
        {
            test.SendAll(topic.Key, topic.Select(static record => (record.Key, record.Value)));
        }
    }

    private static string PathOf(string file) =>
        Path.Combine(Repository.Root, "tests/Testing.Tests/Snapshots", $"{file}.txt");

    /// <summary>All that is stored, in lines: the text of the group, then each shard's head, keys and logs.</summary>
    private static async Task<string> DumpAsync(IStateStore store)
    {
        var lines = new StringBuilder();
        var text = await store.ReplaceAsync("test", "none"u8.ToArray(), default, default);
        lines.Append($"text {Encoding.UTF8.GetString(text.Span)}\n");
        foreach (var shard in Shards)
        {
            var state = (await store.ClaimAsync(shard, 0, force: true, default)).State!;
            lines.Append($"shard {shard}\nhead {Convert.ToBase64String(state.Head.Span)}\n");
            foreach (var part in ShardHead.Read(shard, state.Head.Span).Parts)
            {
                foreach (var (key, value) in (await state.ScanAsync(part.Name, "", default)).Entries)
                {
                    lines.Append($"key {Convert.ToBase64String(key.Span)}|{Convert.ToBase64String(value.Span)}|")
                        .Append($"{part.Name}\n");
                }

                if (part.Log is { } log)
                {
                    var bytes = await state.ReadLogAsync(part.Name, log.From, log.To, default);
                    lines.Append($"log {log.From}|{Convert.ToBase64String(bytes.Span)}|{part.Name}\n");
                }
            }
        }

        return lines.ToString();
    }

    private static async Task LoadAsync(IStateStore store, IReadOnlyList<string> lines)
    {
        await store.ReplaceAsync("test", default, Encoding.UTF8.GetBytes(lines[0]["text ".Length..]), default);
        foreach (var shard in Shards)
        {
            var own = lines.SkipWhile(line => line != $"shard {shard}").Skip(1)
                .TakeWhile(static line => !line.StartsWith("shard ", StringComparison.Ordinal)).ToList();
            var chunks = new StateChunkWriter();
            foreach (var part in Of("key ").GroupBy(static key => key[2]))
            {
                chunks.Begin(part.Key);
                part.ToList().ForEach(key =>
                    chunks.Put(Convert.FromBase64String(key[0]), Convert.FromBase64String(key[1])));
            }

            var state = (await store.ClaimAsync(shard, 0, force: true, default)).State!;
            var outcome = await state.SaveAsync(
                new ShardSave
                {
                    Number = 1,
                    IsWhole = true,
                    Head = Convert.FromBase64String(own[0]["head ".Length..]),
                    Chunks = chunks.TakeAll(),
                    Logs =
                    [
                        .. Of("log ").Select(static log =>
                            new LogWrite(log[2], long.Parse(log[0]), Convert.FromBase64String(log[1]))),
                    ],
                },
                default);
            outcome.ShouldBe(SaveOutcome.Current);

            IEnumerable<string[]> Of(string kind) => own
                .Where(line => line.StartsWith(kind, StringComparison.Ordinal))
                .Select(line => line[kind.Length..].Split('|', 3));
        }
    }

    [StateVersion(1)]
    internal readonly record struct Tally(int Count, string Last);

    internal sealed class Keeping : IEntity<string, Tally, string>
    {
        public void On(string record, ref Tally state, Turn<string> turn)
        {
            if (record == "new")
            {
                turn.Emit($"{turn.Key} {state.Count + 1} after {state.Last}");
            }

            if (record == "z")
            {
                turn.Timer("clock", turn.Now.AddMinutes(30));
                turn.EventTimer("event", turn.EventTime.AddHours(1));
            }

            state = new Tally(state.Count + 1, record);
        }

        public void OnTimer(string name, ref Tally state, Turn<string> turn) => turn.Emit($"{turn.Key} {name}");
    }

    internal sealed class Asking(Func<string, string> ask) : IAsyncMap<string, string>
    {
        public ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop) => new(ask(value));
    }
}
