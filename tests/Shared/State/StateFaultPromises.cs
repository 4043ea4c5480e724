using StreamActors.Snapshots;
using static StreamActors.Tests.StateStoreContract;

namespace StreamActors.Tests;

/// <summary>What a state store promises when it loses its data, some of it, or an answer.</summary>
internal static class StateFaultPromises
{
    public static readonly (string Promise, Func<StateTrial, Task> Check)[] All =
    [
        ("Emptied, it is behind; claimed again, a whole save heals it, and no token comes twice", EmptiedAsync),
        ("What an emptied store does not have is not answered as if it were empty", EmptiedReadAsync),
        ("A store that lost its last saves is behind, and reads nothing; a whole save heals it", LostSavesAsync),
        ("A store that lost the claim is behind, for whoever claimed", LostClaimAsync),
        ("A store that lost a part of a save under way takes it all the same, whole", LostMidSaveAsync),
        ("A save that failed at any step, made again, is current as if nothing had been", RepeatedAsync),
        ("A save that failed at any step is whole or not at all for the next owner", TakenOverAsync),
        ("A claim that failed at any step, made again, finds everything", ClaimedAgainAsync),
        ("A read that failed, made again, is answered", ReadAgainAsync),
        ("A delete that failed at any step, made again, leaves nothing", DeletedAgainAsync),
    ];

    private static async Task EmptiedAsync(StateTrial trial)
    {
        var (state, model) = (await trial.ClaimAsync(), new ShardModel());
        await state.SaveAsync(model.Put("p", "k", "1").Append("l", [1]).Save(), default);
        await trial.EmptyAsync();

        var save = model.Put("p", "later", "2").Save();
        (await state.SaveAsync(save, default)).ShouldBe(SaveOutcome.Behind);
        (await state.SaveAsync(save, default)).ShouldBe(SaveOutcome.Behind);

        var again = await trial.ClaimAsync();
        again.Token.ShouldBeGreaterThan(state.Token);
        again.Number.ShouldBe(0);
        (await state.SaveAsync(save, default)).ShouldBe(SaveOutcome.Fenced);
        (await again.SaveAsync(model.SaveWhole(), default)).ShouldBe(SaveOutcome.Current);
        (await again.SaveAsync(model.Put("p", "k", "3").Append("l", [2]).Save(), default))
            .ShouldBe(SaveOutcome.Current);
        await model.VerifyClaimAsync(await trial.ClaimAsync());
        await trial.ExpectNoLeftoversAsync(mayExpire: true);
    }

    private static async Task EmptiedReadAsync(StateTrial trial)
    {
        var (state, model) = (await trial.ClaimAsync(), new ShardModel());
        await state.SaveAsync(model.Put("p", "k", "1").Append("l", [1]).Save(), default);
        await trial.EmptyAsync();

        await ExpectUnreadableAsync(state);
    }

    private static async Task LostSavesAsync(StateTrial trial)
    {
        var (state, model) = (await trial.ClaimAsync(), new ShardModel());
        await state.SaveAsync(model.Put("p", "k", "1").Append("l", [1]).Save(), default);
        await trial.CopyAsync();
        await state.SaveAsync(model.Put("p", "k", "2").Append("l", [2]).Save(), default);
        await trial.GoBackAsync();

        await ExpectUnreadableAsync(state);
        (await state.SaveAsync(model.Put("p", "new", "3").Save(), default)).ShouldBe(SaveOutcome.Behind);
        var again = await trial.ClaimAsync();
        again.Number.ShouldBe(1);
        (await again.SaveAsync(model.SaveWhole(), default)).ShouldBe(SaveOutcome.Current);
        await model.VerifyClaimAsync(await trial.ClaimAsync());
        await trial.ExpectNoLeftoversAsync(mayExpire: true);
    }

    private static async Task LostClaimAsync(StateTrial trial)
    {
        var (first, model) = (await trial.ClaimAsync(), new ShardModel());
        await first.SaveAsync(model.Put("p", "k", "1").Save(), default);
        await trial.CopyAsync();
        var second = await trial.ClaimAsync();
        await trial.GoBackAsync();

        var save = model.Put("p", "k", "2").Save();
        (await second.SaveAsync(save, default)).ShouldBe(SaveOutcome.Behind);
        await ExpectUnreadableAsync(second);
        var again = await trial.ClaimAsync();
        again.Token.ShouldBeGreaterThan(second.Token);
        (await first.SaveAsync(save, default)).ShouldBe(SaveOutcome.Fenced);
        (await again.SaveAsync(model.SaveWhole(), default)).ShouldBe(SaveOutcome.Current);
        await model.VerifyClaimAsync(await trial.ClaimAsync());
    }

    private static async Task LostMidSaveAsync(StateTrial trial)
    {
        for (var (exchange, came) = (0, true); came; exchange++)
        {
            var (store, shard) = (await trial.OpenAsync(), $"{trial.Shard}-{exchange}");
            var (state, model) = (await StateTrial.ClaimAsync(store, shard), new ShardModel());
            await state.SaveAsync(Fill(model, 1).Save(), default);
            await trial.CopyAsync();
            var save = Fill(model, 2).Save();
            var end = trial.Interrupt(store, exchange, takesEffect: true);
            Task saving = state.SaveAsync(save, default);
            await saving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            came = end();

            await trial.GoBackAsync();
            var outcome = await AtLastAsync(() => state.SaveAsync(save, default));
            outcome.ShouldBe(SaveOutcome.Current);
            await model.VerifyClaimAsync(await trial.ClaimAsync(shard));
            await trial.ExpectNoLeftoversAsync(shard);
        }
    }

    private static Task RepeatedAsync(StateTrial trial) =>
        AtEachExchangeAsync(trial, async (store, shard, interrupt) =>
        {
            var (state, model) = (await StateTrial.ClaimAsync(store, shard), new ShardModel());
            await state.SaveAsync(Fill(model, 1).Save(), default);
            var save = shard.EndsWith("whole") ? Fill(model, 2).SaveWhole() : Fill(model, 2).Trim("l", 300_000).Save();

            var came = await interrupt(() => state.SaveAsync(save, default));

            (await state.SaveAsync(save, default)).ShouldBe(SaveOutcome.Current);
            await model.VerifyAsync(state);
            await trial.ExpectNoLeftoversAsync(shard);
            (await state.SaveAsync(Fill(model, 3).Save(), default)).ShouldBe(SaveOutcome.Current);
            await model.VerifyClaimAsync(await trial.ClaimAsync(shard));
            return came;
        });

    private static Task TakenOverAsync(StateTrial trial) =>
        AtEachExchangeAsync(trial, async (store, shard, interrupt) =>
        {
            var (state, before, after) =
                (await StateTrial.ClaimAsync(store, shard), new ShardModel(), new ShardModel());
            await state.SaveAsync(Fill(before, 1).Save(), default);
            Fill(after, 1).Save();
            var save = shard.EndsWith("whole") ? Fill(after, 2).SaveWhole() : Fill(after, 2).Save();

            var came = await interrupt(() => state.SaveAsync(save, default));

            var next = await trial.ClaimAsync(shard);
            var model = next.Number == before.Number ? before : after;
            await model.VerifyClaimAsync(next);
            await trial.ExpectNoLeftoversAsync(shard, mayExpire: true);
            (await AtLastAsync(() => state.SaveAsync(save, default))).ShouldBe(SaveOutcome.Fenced);
            (await next.SaveAsync(Fill(model, 3).Save(), default)).ShouldBe(SaveOutcome.Current);
            await model.VerifyClaimAsync(await trial.ClaimAsync(shard));
            return came;
        });

    private static Task ClaimedAgainAsync(StateTrial trial) =>
        AtEachExchangeAsync(trial, async (store, shard, interrupt) =>
        {
            // A save that is current and half applied, where the store has such a thing: its fifth exchange behind
            // six pieces that are staged.
            var (owners, model) = (await trial.OpenAsync(), new ShardModel());
            var state = await StateTrial.ClaimAsync(owners, shard);
            await state.SaveAsync(Fill(model, 1).Save(), default);
            var save = shard.EndsWith("whole") ? Fill(model, 2).SaveWhole() : Fill(model, 2).Save();
            var end = trial.Interrupt(owners, 9, takesEffect: true);
            Task saving = state.SaveAsync(save, default);
            await saving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            end();

            var came = await interrupt(() => store.ClaimAsync(shard, 1, force: false, default));

            var again = await StateTrial.ClaimAsync(store, shard);
            await model.VerifyClaimAsync(again);
            await trial.ExpectNoLeftoversAsync(shard);
            return came;
        });

    private static Task ReadAgainAsync(StateTrial trial) =>
        AtEachExchangeAsync(trial, async (store, shard, interrupt) =>
        {
            var (state, model) = (await StateTrial.ClaimAsync(store, shard), new ShardModel());
            await state.SaveAsync(Fill(model, 1).Save(), default);

            var came = await interrupt(() => model.VerifyAsync(state));

            await model.VerifyAsync(state);
            return came;
        });

    private static Task DeletedAgainAsync(StateTrial trial) =>
        AtEachExchangeAsync(trial, async (store, shard, interrupt) =>
        {
            // A save that is half applied, as above.
            var owners = await trial.OpenAsync();
            var (state, model) = (await StateTrial.ClaimAsync(owners, shard), new ShardModel());
            await state.SaveAsync(Fill(model, 1).Save(), default);
            var end = trial.Interrupt(owners, 9, takesEffect: true);
            Task saving = state.SaveAsync(Fill(model, 2).Save(), default);
            await saving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            end();

            var came = await interrupt(() => store.DeleteAsync(shard, default));

            await AtLastAsync(async () =>
            {
                await store.DeleteAsync(shard, default);
                return true;
            });
            (await trial.ClaimAsync(shard)).Number.ShouldBe(0);
            await trial.ExpectNoLeftoversAsync(shard);
            return came;
        });

    // With a hundred small keys, so that each piece is more than one entry.
    private static ShardModel Fill(ShardModel model, int round)
    {
        for (var i = 0; i < 100; i++)
        {
            model.Put("p", $"{(i * 7) + round}", $"{round}");
        }

        var block = new byte[StateChunk.Size];
        Array.Fill(block, (byte)round);
        return model.Put("p", "large", block).Put("p", "last", $"{round}").Remove("p", $"{round * 7}")
            .Put("q", "k", $"{round}").Append("l", block).Append("l", [(byte)round]);
    }

    // Each run has a shard of its own, twice for each way to fail: the name tells whether the save is a whole one.
    private static async Task AtEachExchangeAsync(
        StateTrial trial, Func<IStateStore, string, Func<Func<Task>, Task<bool>>, Task<bool>> run)
    {
        foreach (var (takesEffect, kind) in ((bool, string)[])
            [(false, "part"), (true, "part"), (false, "whole"), (true, "whole")])
        {
            for (var (exchange, came) = (0, true); came; exchange++)
            {
                var (store, at) = (await trial.OpenAsync(), exchange);
                came = await run(store, $"{trial.Shard}-{takesEffect}-{exchange}-{kind}", async asked =>
                {
                    var end = trial.Interrupt(store, at, takesEffect);
                    var asking = asked();
                    await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    var failed = end();
                    if (asking.IsFaulted)
                    {
                        asking.Exception.InnerException.ShouldBeOfType<StateStoreException>();
                    }

                    failed.ShouldBe(asking.IsFaulted);
                    return failed;
                });
            }
        }
    }

    // The connection may be found broken by this call: it is asked again, as the engine does.
    private static async Task<T> AtLastAsync<T>(Func<Task<T>> ask)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await ask();
            }
            catch (StateStoreException) when (attempt < 100)
            {
                await Task.Delay(20);
            }
        }
    }

    private static async Task ExpectUnreadableAsync(IShardState state)
    {
        await Should.ThrowAsync<StateStoreException>(
            () => AsEngineAsync(() => state.GetAsync("p", [ShardModel.Bytes("k")], default)));
        await Should.ThrowAsync<StateStoreException>(() => AsEngineAsync(() => state.ScanAsync("p", "", default)));
        await Should.ThrowAsync<StateStoreException>(
            () => AsEngineAsync(() => state.ReadLogAsync("l", 0, 1, default)));

        // Twice: the first may only have found that the connection is gone.
        static async Task AsEngineAsync<T>(Func<Task<T>> read)
        {
            await read().ContinueWith(static _ => { }, TaskScheduler.Default);
            await Task.Delay(150);
            await read();
        }
    }
}
