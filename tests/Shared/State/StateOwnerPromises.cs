using StreamActors.Snapshots;
using static StreamActors.Tests.StateStoreContract;

namespace StreamActors.Tests;

/// <summary>What a state store promises to those who use it at the same time, a function each.</summary>
internal static class StateOwnerPromises
{
    public static readonly (string Promise, Func<StateTrial, Task> Check)[] All =
    [
        ("Whoever claims last owns it: the others are fenced, and read nothing more", FencedAsync),
        ("A claim below the stored generation is refused, unless it is forced", GenerationAsync),
        ("Two owners at once: nothing of the former is seen once the later has claimed", RaceAsync),
        ("A read sees a save as a whole or not at all", AtomicAsync),
        ("Many shards side by side keep to themselves", ManyShardsAsync),
    ];

    private static async Task FencedAsync(StateTrial trial)
    {
        var (first, model) = (await trial.ClaimAsync(), new ShardModel());
        await first.SaveAsync(model.Put("p", "k", "1").Append("l", [1]).Save(), default);
        var second = await trial.ClaimAsync();
        second.Token.ShouldBeGreaterThan(first.Token);
        var zombies = new ShardModel { Number = model.Number }.Put("p", "k", "zombie");

        (await first.SaveAsync(zombies.Save(), default)).ShouldBe(SaveOutcome.Fenced);
        (await first.SaveAsync(zombies.SaveWhole(), default)).ShouldBe(SaveOutcome.Fenced);
        await Should.ThrowAsync<StateStoreException>(() => first.GetAsync("p", [ShardModel.Bytes("k")], default));
        await Should.ThrowAsync<StateStoreException>(() => first.ScanAsync("p", "", default));
        await Should.ThrowAsync<StateStoreException>(() => first.ReadLogAsync("l", 0, 1, default));

        await model.VerifyAsync(second);
        (await second.SaveAsync(model.Put("p", "k", "2").Save(), default)).ShouldBe(SaveOutcome.Current);
        await model.VerifyClaimAsync(await trial.ClaimAsync());
    }

    private static async Task GenerationAsync(StateTrial trial)
    {
        var (store, model) = (await trial.OpenAsync(), new ShardModel());
        var owner = await StateTrial.ClaimAsync(store, trial.Shard, 7);

        var refused = await store.ClaimAsync(trial.Shard, 6, force: false, default);
        refused.State.ShouldBeNull();
        refused.Generation.ShouldBe(7);
        (await owner.SaveAsync(model.Put("p", "k", "1").Save(), default)).ShouldBe(SaveOutcome.Current);

        owner = await StateTrial.ClaimAsync(store, trial.Shard, 7);
        var forced = await store.ClaimAsync(trial.Shard, 2, force: true, default);
        forced.Generation.ShouldBe(2);
        (await owner.SaveAsync(model.Put("p", "k", "2").Save(), default)).ShouldBe(SaveOutcome.Fenced);
        (await store.ClaimAsync(trial.Shard, 3, force: false, default)).State.ShouldNotBeNull();
    }

    private static async Task RaceAsync(StateTrial trial)
    {
        var (former, random) = (await trial.ClaimAsync(), new Random(1));
        for (var round = 0; round < 20; round++)
        {
            var before = new ShardModel { Number = former.Number };
            var owner = former;
            var saving = Task.Run(() => SaveUntilFencedAsync(owner, before));
            await Task.Delay(random.Next(10));
            var later = await trial.ClaimAsync();

            var found = await later.GetAsync("p", [ShardModel.Bytes("a"), ShardModel.Bytes("z")], default);
            await saving;
            var still = await later.GetAsync("p", [ShardModel.Bytes("a"), ShardModel.Bytes("z")], default);
            var head = later.Number == former.Number ? null : $"{later.Number}";
            foreach (var value in found.Concat(still).Where(_ => head is not null))
            {
                ShardModel.Text(value!.Value).ShouldBe(head);
            }

            former = later;
        }

        static async Task SaveUntilFencedAsync(IShardState state, ShardModel model)
        {
            while (true)
            {
                model.Put("p", "a", $"{model.Number + 1}").Put("p", "between", new byte[StateChunk.Size])
                    .Put("p", "z", $"{model.Number + 1}");
                var outcome = await state.SaveAsync(model.Number % 5 == 4 ? model.SaveWhole() : model.Save(), default);
                if (outcome != SaveOutcome.Current)
                {
                    outcome.ShouldBe(SaveOutcome.Fenced);
                    return;
                }
            }
        }
    }

    private static async Task AtomicAsync(StateTrial trial)
    {
        var (state, model) = (await trial.ClaimAsync(), new ShardModel());
        var saving = Task.Run(async () =>
        {
            for (var i = 0; i < 30; i++)
            {
                // The value between them makes them two chunks.
                model.Put("p", "a", $"{i}").Put("p", "between", new byte[StateChunk.Size]).Put("p", "z", $"{i}");
                var save = i % 7 == 3 ? model.SaveWhole() : model.Save();
                (await state.SaveAsync(save, default)).ShouldBe(SaveOutcome.Current);
            }
        });
        var last = -1;
        while (!saving.IsCompleted)
        {
            var read = await state.GetAsync("p", [ShardModel.Bytes("a"), ShardModel.Bytes("z")], default);
            var (a, z) = (NumberOf(read[0]), NumberOf(read[1]));
            a.ShouldBe(z);
            a.ShouldBeGreaterThanOrEqualTo(last);
            last = a;
        }

        await saving;

        static int NumberOf(ReadOnlyMemory<byte>? value) => value is { } bytes ? int.Parse(ShardModel.Text(bytes)) : -1;
    }

    private static async Task ManyShardsAsync(StateTrial trial)
    {
        var store = await trial.OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(shard => Task.Run(async () =>
        {
            var name = $"{trial.Shard}-{shard}";
            var (state, model) = (await StateTrial.ClaimAsync(store, name), new ShardModel());
            for (var i = 0; i < 20; i++)
            {
                model.Put("p", $"{i}", $"{shard}").Append("l", [(byte)shard]);
                (await state.SaveAsync(model.Save(), default)).ShouldBe(SaveOutcome.Current);
            }

            await model.VerifyClaimAsync(await StateTrial.ClaimAsync(store, name));
            await trial.ExpectNoLeftoversAsync(name);
        })));
    }
}
