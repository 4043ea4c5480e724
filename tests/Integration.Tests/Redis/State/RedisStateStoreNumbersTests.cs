using System.Diagnostics;
using System.Globalization;
using StreamActors.Redis;
using StreamActors.Snapshots;
using StreamActors.Tests.Fixtures;
using Xunit.Abstractions;

namespace StreamActors.Tests.RedisTests;

/// <summary>What 100,000 entities cost: time, memory, and above all how long Redis does nothing else.</summary>
public sealed class RedisStateStoreNumbersTests(ITestOutputHelper output)
{
    private const int Entities = 100_000;

    [RedisTheory]
    [InlineData(60)]
    [InlineData(1000)]
    public async Task A_hundred_thousand_entities_are_saved_and_read_while_Redis_goes_on(int valueBytes)
    {
        await using var redis = await RealRedis.StartAsync();
        await using var store = new RedisStateStore(
            new RedisOptions { Host = "127.0.0.1", Port = redis.Port }, TimeProvider.System);
        var state = (await store.ClaimAsync("shard", 1, force: false, default)).State!;
        await redis.CliAsync("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "10000");
        var empty = await InfoAsync("used_memory");
        var writer = new StateChunkWriter();
        Fill(0, Entities);

        var since = Stopwatch.StartNew();
        (await SaveAsync(1, isWhole: true)).ShouldBe(SaveOutcome.Current);
        var whole = since.Elapsed;
        var used = await InfoAsync("used_memory") - empty;

        Fill(0, Entities / 100);
        since.Restart();
        (await SaveAsync(2, isWhole: false)).ShouldBe(SaveOutcome.Current);
        var hundredth = since.Elapsed;

        since.Restart();
        var (cursor, entries, pages) = ("", 0, 0);
        do
        {
            var page = await state.ScanAsync("entities", cursor, default);
            (cursor, entries, pages) = (page.Cursor, entries + page.Entries.Count, pages + 1);
        }
        while (cursor.Length > 0);
        var scan = since.Elapsed;
        entries.ShouldBeGreaterThanOrEqualTo(Entities);

        since.Restart();
        (await state.GetAsync("entities", [.. Enumerable.Range(0, Entities / 100).Select(Key)], default))
            .ShouldAllBe(static value => value != null);
        var get = since.Elapsed;

        // Microseconds stand third in each entry, behind its number and its time.
        var slowlog = await redis.CliAsync("--json", "SLOWLOG", "GET", "10000");
        var times = slowlog.Split("],[")
            .Where(static entry =>
                entry.Contains(StateScripts.Apply.Digest) || entry.Contains(StateScripts.Scan.Digest))
            .Select(static entry => int.Parse(entry.TrimStart('[').Split(',')[2], CultureInfo.InvariantCulture))
            .Select(static microseconds => microseconds / 1000.0)
            .Order().ToList();
        output.WriteLine(
            $"{Entities} entities of {valueBytes} bytes: whole save {whole.TotalMilliseconds:0} ms, 1 % of them "
            + $"{hundredth.TotalMilliseconds:0.0} ms, scan {scan.TotalMilliseconds:0} ms in {pages} pages, get of 1 % "
            + $"{get.TotalMilliseconds:0.0} ms; scripts that apply or scan, median {times[times.Count / 2]:0.0} ms, "
            + $"99 % {times[times.Count * 99 / 100]:0.0} ms, longest {times[^1]:0.0} ms; "
            + $"{used / (double)Entities:0} bytes an entity");

        // Many times what was measured on two idle cores, since others use them too.
        times[times.Count / 2].ShouldBeLessThan(20);
        used.ShouldBeLessThan((valueBytes + 200L) * Entities);

        void Fill(int from, int to)
        {
            var value = new byte[valueBytes];
            writer.Begin("entities");
            for (var i = from; i < to; i++)
                writer.Put(Key(i).Span, value);
        }

        Task<SaveOutcome> SaveAsync(long number, bool isWhole)
        {
            var chunks = writer.TakeAll();
            return state.SaveAsync(
                new ShardSave { Number = number, IsWhole = isWhole, Head = new byte[1000], Chunks = chunks }, default);
        }

        static ReadOnlyMemory<byte> Key(int i) => ShardModel.Bytes($"driver-{i:0000000}");

        async Task<long> InfoAsync(string name) => long.Parse((await redis.CliAsync("INFO", "memory")).Split("\r\n")
            .First(line => line.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..]);
    }
}
