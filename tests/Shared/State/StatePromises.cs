using StreamActors.Snapshots;
using static StreamActors.Tests.StateStoreContract;

namespace StreamActors.Tests;

/// <summary>What a state store promises while it answers, a function each.</summary>
internal static class StatePromises
{
    public static readonly (string Promise, Func<StateTrial, Task> Check)[] All =
    [
        ("A shard that nobody has saved is empty", EmptyAsync),
        ("What was saved is there, for this owner and the next", SavedAsync),
        ("Any bytes are keys and values, and nothing is not empty", BytesAsync),
        ("The same save again changes nothing", AgainAsync),
        ("A save that does not follow the one before it is behind", OutOfOrderAsync),
        ("A whole save replaces everything, and may skip numbers", WholeAsync),
        ("A whole save below one that is current is behind", OldWholeAsync),
        ("Pages give each key, also large ones and many", PagesAsync),
        ("Keys that are there from the first page to the last are in the pages, whatever is saved meanwhile",
            ScanMeanwhileAsync),
        ("Logs are read as they were written, from any position to any other", LogsAsync),
        ("Bytes of a log that are not there are said to be so", NoLogAsync),
        ("A value of the greatest size is kept, a larger one is refused", LargestAsync),
        ("A text of a group is replaced by whoever has seen it, and by nobody else", TextAsync),
        ("A shard that is deleted is empty, nothing of it is left, and the others keep theirs", DeletedAsync),
        ("After any row of saves the state is what they add up to", RandomAsync),
        ("It is reachable, and has a name", ReachableAsync),
    ];

    private static async Task EmptyAsync(StateTrial trial)
    {
        var state = await trial.ClaimAsync();

        state.Number.ShouldBe(0);
        state.Head.Length.ShouldBe(0);
        (await state.GetAsync("any", [ShardModel.Bytes("key")], default)).ShouldBe([null]);
        (await state.GetAsync("any", [], default)).ShouldBeEmpty();
        var page = await state.ScanAsync("any", "", default);
        page.Entries.ShouldBeEmpty();
        page.Cursor.ShouldBe("");
        page.Keys.ShouldBe(0);
        (await state.ReadLogAsync("any", 0, 0, default)).Length.ShouldBe(0);
    }

    private static async Task SavedAsync(StateTrial trial)
    {
        var (state, model) = (await trial.ClaimAsync(), new ShardModel());
        model.Put("users", "a", "1").Put("users", "b", "2").Put("timers", "a", "3").Append("ids", [1, 2, 3]);
        (await state.SaveAsync(model.Save(), default)).ShouldBe(SaveOutcome.Current);
        await model.VerifyAsync(state);

        model.Put("users", "a", "4").Remove("users", "b").Remove("users", "never").Append("ids", [4, 5]);
        (await state.SaveAsync(model.Save(), default)).ShouldBe(SaveOutcome.Current);
        await model.VerifyAsync(state);

        // Nothing but the head.
        (await state.SaveAsync(model.Save(), default)).ShouldBe(SaveOutcome.Current);
        await model.VerifyClaimAsync(await trial.ClaimAsync());
        await trial.ExpectNoLeftoversAsync();
    }

    private static async Task BytesAsync(StateTrial trial)
    {
        var (state, model) = (await trial.ClaimAsync(), new ShardModel());
        var every = new string([.. Enumerable.Range(0, 256).Select(static each => (char)each)]);
        model.Put("p", every, every).Put("p", "", "of the empty key").Put("p", "empty", "")
            .Put("p", "\r\n$3\r\n", "\0\0").Put("a part: with spaces", "k", "v").Append("a log: with spaces", [0, 255]);
        await state.SaveAsync(model.Save(), default);
        await model.VerifyAsync(state);

        var values = await state.GetAsync(
            "p", [ShardModel.Bytes("empty"), ShardModel.Bytes("none"), ShardModel.Bytes("empty")], default);
        values.Select(static value => value?.Length).ShouldBe([0, null, 0]);
    }

    private static async Task AgainAsync(StateTrial trial)
    {
        var (state, model) = (await trial.ClaimAsync(), new ShardModel());
        var saves = new[] { model.Put("p", "k", "1").Append("l", [1]).Save(), model.Put("p", "k", "2").SaveWhole() };
        foreach (var save in saves)
        {
            for (var time = 0; time < 3; time++)
            {
                (await state.SaveAsync(save, default)).ShouldBe(SaveOutcome.Current);
            }
        }

        var last = model.Put("p", "k", "3").Append("l", [2]).Trim("l", 1).Save();
        (await state.SaveAsync(last, default)).ShouldBe(SaveOutcome.Current);
        (await state.SaveAsync(last, default)).ShouldBe(SaveOutcome.Current);
        await model.VerifyClaimAsync(await trial.ClaimAsync());
        await trial.ExpectNoLeftoversAsync();
    }

    private static async Task OutOfOrderAsync(StateTrial trial)
    {
        var (state, model) = (await trial.ClaimAsync(), new ShardModel());
        await state.SaveAsync(model.Put("p", "k", "1").Save(), default);
        var missed = new ShardModel { Number = model.Number + 1 }.Put("p", "k", "3").Save();
        var old = new ShardModel { Number = -1 }.Put("p", "k", "0").Save();

        (await state.SaveAsync(missed, default)).ShouldBe(SaveOutcome.Behind);
        (await state.SaveAsync(old, default)).ShouldBe(SaveOutcome.Behind);

        await model.VerifyClaimAsync(await trial.ClaimAsync());
    }

    private static async Task WholeAsync(StateTrial trial)
    {
        var (state, before, after) = (await trial.ClaimAsync(), new ShardModel(), new ShardModel { Number = 17 });
        before.Put("p", "gone", "1").Put("gone", "k", "1").Append("l", new byte[600_000]).Append("gone", [1]);
        await state.SaveAsync(before.Save(), default);
        after.Put("p", "k", "2").Append("l", [2]);

        (await state.SaveAsync(after.SaveWhole(), default)).ShouldBe(SaveOutcome.Current);
        await ExpectAsync(state);
        (await state.SaveAsync(after.Put("p", "later", "3").Append("l", [3]).Save(), default))
            .ShouldBe(SaveOutcome.Current);
        await after.VerifyClaimAsync(await trial.ClaimAsync());
        await trial.ExpectNoLeftoversAsync();

        var next = await trial.ClaimAsync();
        await ExpectAsync(next);
        (await next.SaveAsync(new ShardModel { Number = 18 }.SaveWhole(), default)).ShouldBe(SaveOutcome.Current);
        (await next.ScanAsync("p", "", default)).Entries.ShouldBeEmpty();
        await trial.ExpectNoLeftoversAsync();

        async Task ExpectAsync(IShardState of)
        {
            await after.VerifyAsync(of);
            (await of.ScanAsync("gone", "", default)).Entries.ShouldBeEmpty();
            await Should.ThrowAsync<SnapshotException>(() => of.ReadLogAsync("gone", 0, 1, default));
            await Should.ThrowAsync<SnapshotException>(() => of.ReadLogAsync("l", 0, 600_000, default));
        }
    }

    private static async Task OldWholeAsync(StateTrial trial)
    {
        var (state, model) = (await trial.ClaimAsync(), new ShardModel { Number = 5 });
        var old = new ShardModel { Number = 4 }.SaveWhole();
        await state.SaveAsync(model.Put("p", "k", "1").SaveWhole(), default);

        (await state.SaveAsync(old, default)).ShouldBe(SaveOutcome.Behind);
        await model.VerifyAsync(state);

        // Another owner's number says nothing about ours.
        var next = await trial.ClaimAsync();
        (await next.SaveAsync(old, default)).ShouldBe(SaveOutcome.Current);
        (await next.ScanAsync("p", "", default)).Entries.ShouldBeEmpty();
    }

    private static async Task PagesAsync(StateTrial trial)
    {
        var (state, model) = (await trial.ClaimAsync(), new ShardModel());
        for (var i = 0; i < 20_000; i++)
        {
            model.Put("many", $"key {i}", $"value {i}");
        }

        for (var i = 0; i < 6; i++)
        {
            model.Put("large", $"key {i}", new byte[700_000]).Put("mixed", $"large {i}", new byte[300_000]);
        }

        for (var i = 0; i < 3000; i++)
        {
            model.Put("mixed", $"small {i}", $"{i}");
        }

        (await state.SaveAsync(model.Save(), default)).ShouldBe(SaveOutcome.Current);
        await model.VerifyAsync(state);
        await model.VerifyAsync(await trial.ClaimAsync());
    }

    private static async Task ScanMeanwhileAsync(StateTrial trial)
    {
        var (state, model) = (await trial.ClaimAsync(), new ShardModel());
        for (var i = 0; i < 10_000; i++)
        {
            model.Put("p", $"stays {i}", new byte[100]);
        }

        await state.SaveAsync(model.Save(), default);
        var seen = new HashSet<string>();
        var (cursor, pages) = ("", 0);
        do
        {
            var page = await state.ScanAsync("p", cursor, default);
            seen.UnionWith(page.Entries.Select(static entry => ShardModel.Text(entry.Key)));
            cursor = page.Cursor;
            for (var i = 0; i < 500; i++)
            {
                model.Put("p", $"comes {pages} {i}", new byte[100]);
                model.Remove("p", $"comes {pages - 2} {i}");
            }

            var save = ++pages == 2 ? model.SaveWhole() : model.Save();
            (await state.SaveAsync(save, default)).ShouldBe(SaveOutcome.Current);
        }
        while (cursor.Length > 0);
        pages.ShouldBeGreaterThan(2);
        Enumerable.Range(0, 10_000).ShouldAllBe(i => seen.Contains($"stays {i}"));
        await trial.ExpectNoLeftoversAsync();
    }

    private static async Task LogsAsync(StateTrial trial)
    {
        var (state, model, random) = (await trial.ClaimAsync(), new ShardModel(), new Random(1));
        var all = new byte[1_500_000];
        random.NextBytes(all);
        for (var at = 0; at < all.Length;)
        {
            var length = Math.Min(random.Next(1, 400_000), all.Length - at);
            model.Append("l", all[at..(at + length)]);
            (await state.SaveAsync(model.Save(), default)).ShouldBe(SaveOutcome.Current);
            at += length;
        }

        (int From, int To)[] ranges = [(0, 0), (0, 1), (262_143, 262_145), (262_144, 524_288), (9, 1_400_000)];
        foreach (var (from, to) in ranges)
        {
            (await state.ReadLogAsync("l", from, to, default)).Span.SequenceEqual(all.AsSpan(from, to - from))
                .ShouldBeTrue($"{from} to {to}");
        }

        await state.SaveAsync(model.Trim("l", 1_100_000).Save(), default);
        await model.VerifyAsync(state);
        await state.SaveAsync(model.SaveWhole(), default);
        await state.SaveAsync(model.Append("l", all[..300_000]).Trim("l", 1_500_000).Save(), default);
        await model.VerifyAsync(await trial.ClaimAsync());
        await trial.ExpectNoLeftoversAsync();
    }

    private static async Task NoLogAsync(StateTrial trial)
    {
        var (state, model) = (await trial.ClaimAsync(), new ShardModel());
        await state.SaveAsync(model.Append("l", new byte[300_000]).Save(), default);

        await Should.ThrowAsync<SnapshotException>(() => state.ReadLogAsync("l", 0, 300_001, default));
        await Should.ThrowAsync<SnapshotException>(() => state.ReadLogAsync("l", 600_000, 600_001, default));
        await Should.ThrowAsync<SnapshotException>(() => state.ReadLogAsync("other", 0, 1, default));
        await state.SaveAsync(model.Trim("l", 300_000).Save(), default);
        await Should.ThrowAsync<SnapshotException>(() => state.ReadLogAsync("l", 0, 10, default));
    }

    private static async Task TextAsync(StateTrial trial)
    {
        var (one, other) = (await trial.OpenAsync(), await trial.OpenAsync());
        (await ReplaceAsync(one, "", "first")).ShouldBe("first");
        (await ReplaceAsync(other, "", "second")).ShouldBe("first");
        (await ReplaceAsync(other, "another", "second")).ShouldBe("first");
        (await ReplaceAsync(other, "first", "second")).ShouldBe("second");
        (await ReplaceAsync(one, "first", "third")).ShouldBe("second");
        (await ReplaceAsync(one, "second", "second")).ShouldBe("second");

        // Of many that have seen the same, one replaces it, and all of them know which.
        var found = await Task.WhenAll(Enumerable.Range(0, 20)
            .Select(number => Task.Run(() => ReplaceAsync(number % 2 == 0 ? one : other, "second", $"by {number}"))));
        found.Distinct().ShouldHaveSingleItem().ShouldStartWith("by ");

        async Task<string> ReplaceAsync(IStateStore store, string seen, string by) => ShardModel.Text(
            await store.ReplaceAsync(trial.Shard, ShardModel.Bytes(seen), ShardModel.Bytes(by), default));
    }

    private static async Task DeletedAsync(StateTrial trial)
    {
        var (store, kept, model) = (await trial.OpenAsync(), await trial.ClaimAsync(), new ShardModel());
        await kept.SaveAsync(model.Put("p", "k", "1").Append("l", [1]).Save(), default);
        var shard = $"{trial.Shard}-deleted";
        await store.DeleteAsync(shard, default);
        var owner = await trial.ClaimAsync(shard);
        await owner.SaveAsync(
            new ShardModel().Put("p", "k", "1").Put("q", "k", "1").Append("l", new byte[600_000]).Save(), default);

        await store.DeleteAsync(shard, default);
        await store.DeleteAsync(shard, default);

        (await owner.SaveAsync(new ShardModel { Number = 1 }.Put("p", "k", "2").Save(), default))
            .ShouldBe(SaveOutcome.Behind);
        var next = await trial.ClaimAsync(shard);
        next.Number.ShouldBe(0);
        next.Token.ShouldBeGreaterThan(owner.Token);
        (await next.ScanAsync("p", "", default)).Keys.ShouldBe(0);
        await trial.ExpectNoLeftoversAsync(shard, mayExpire: true);
        await model.VerifyClaimAsync(await trial.ClaimAsync());
    }

    private static async Task LargestAsync(StateTrial trial)
    {
        var (state, model) = (await trial.ClaimAsync(), new ShardModel());
        var largest = new byte[StateChunk.MaxEntry - 7];
        new Random(1).NextBytes(largest);
        model.Put("p", "largest", largest).Put("p", "z", "small");

        (await state.SaveAsync(model.Save(), default)).ShouldBe(SaveOutcome.Current);
        await model.VerifyAsync(state);
        var refused = new ShardModel { Number = 1 }.Put("p", "k", new byte[StateChunk.MaxEntry + StateChunk.Size]);
        await Should.ThrowAsync<ArgumentException>(() => state.SaveAsync(refused.Save(), default));
    }

    private static async Task RandomAsync(StateTrial trial)
    {
        var (state, model, random) = (await trial.ClaimAsync(), new ShardModel(), new Random(1));
        var (start, end) = (0L, 0L);
        for (var i = 0; i < 150; i++)
        {
            for (var change = random.Next(50); change > 0; change--)
            {
                var (part, key) = ($"part {random.Next(3)}", $"key {random.Next(200)}");
                _ = random.Next(3) == 0
                    ? model.Remove(part, key)
                    : model.Put(part, key, new byte[random.Next(random.Next(10) == 0 ? 20_000 : 100)]);
            }

            var length = random.Next(30_000);
            model.Append("log", new byte[length]);
            end += length;
            if (random.Next(3) == 0)
            {
                start += random.Next((int)(end - start));
                model.Trim("log", start);
            }

            var save = random.Next(10) == 0 ? model.SaveWhole() : model.Save();
            (await state.SaveAsync(save, default)).ShouldBe(SaveOutcome.Current);
            state = random.Next(10) == 0 ? await trial.ClaimAsync() : state;
            if (i % 10 == 9)
            {
                await model.VerifyAsync(state);
            }
        }

        await trial.ExpectNoLeftoversAsync();
    }

    private static async Task ReachableAsync(StateTrial trial)
    {
        var store = await trial.OpenAsync();
        store.Name.ShouldNotBeNullOrWhiteSpace();
        (await store.IsReachableAsync(default)).ShouldBeTrue();
    }
}
