using StreamActors.Node;
using StreamActors.Node.State;
using StreamActors.Redis;
using StreamActors.Snapshots;
using StreamActors.Tests.Cli;
using StreamActors.Tests.Fixtures;
using StreamActors.Tests.RideShare;

namespace StreamActors.Tests.State;

/// <summary>What an operator does with state, on a real Kafka and a real Redis, by the program's commands.</summary>
public sealed class StateCommandTests
{
    [KafkaFact(Redis = true)]
    public async Task What_is_stored_can_be_looked_at_down_to_one_entity_while_its_node_runs()
    {
        await using var stage = await CountingStage.SetAsync();
        await stage.RunAsync(["ann", "bob", "ann"], "ann 1", "bob 1", "ann 2");
        await using var host = stage.Build();
        await host.StartAsync();

        var list = await stage.DoAsync("state list");
        list.ShouldContain($"{stage.Group}: 1 shard, 2 keys");
        list.ShouldContain("All: 1 shard, ");    // a group's fingerprint is none
        list.ShouldContain("entity Counter/0 ");
        list.ShouldContain($"{stage.Topic}/0@3");
        (await stage.DoAsync($"state list {stage.Group} --json")).ShouldContain("\"offset\": 3");
        (await stage.DoAsync($"state show {stage.Group} --shard 0")).ShouldMatch(@"\nCounter +2 ");
        var entity = await stage.DoAsync($"state show {stage.Group} --key ann");
        entity.ShouldContain("\"Value\": 2");
        entity.ShouldContain("timer \"later\" at 20");
        (await stage.DoAsync($"state show {stage.Group} --entity Counter --json")).ShouldContain("\"key\": \"bob\"");
        (await stage.IsRefusedAsync($"state show {stage.Group} --key zoe")).ShouldContain("No entity has the key zoe");
        (await stage.IsRefusedAsync($"state show {stage.Group[..^1]}")).ShouldContain($"Did you mean {stage.Group}?");
        await host.StopAsync();
    }

    [KafkaFact(Redis = true)]
    public async Task What_was_exported_goes_on_where_it_was_after_a_deletion_and_an_import()
    {
        await using var stage = await CountingStage.SetAsync();
        await stage.RunAsync(["ann", "ann"], "ann 1", "ann 2");
        await stage.DoAsync($"state export {stage.Group} {stage.Export}");
        await stage.RunAsync(["ann"], "ann 1", "ann 2", "ann 3");
        await stage.DoAsync($"state delete {stage.Group} --yes");
        (await stage.DoAsync($"state list {stage.Group}")).ShouldContain("nothing saved");
        await stage.DoAsync($"state import {stage.Export} --yes");

        // The record since the export is read again, and counts once.
        await stage.RunAsync(["ann"], "ann 1", "ann 2", "ann 3", "ann 3", "ann 4");

        stage.Lines.ShouldAllBe(static line => !line.Contains("lost") && !line.Contains("stands still"));
    }

    [KafkaFact(Redis = true)]
    public async Task A_pipeline_whose_state_was_deleted_begins_empty_where_it_was()
    {
        await using var stage = await CountingStage.SetAsync();
        await stage.RunAsync(["ann", "ann"], "ann 1", "ann 2");
        await stage.DoAsync($"state delete {stage.Group} --yes");
        (await stage.DoAsync($"state delete {stage.Group} --yes")).ShouldContain("There is nothing to delete");

        await stage.RunAsync(["ann"], "ann 1", "ann 2", "ann 1");

        stage.Lines.ShouldAllBe(static line => !line.Contains("stands still"));
    }

    [KafkaFact(Redis = true)]
    public async Task Nothing_is_changed_while_a_node_lives()
    {
        await using var stage = await CountingStage.SetAsync();
        await stage.RunAsync(["ann"], "ann 1");
        await stage.DoAsync($"state export {stage.Group} {stage.Export}");
        await using var host = stage.Build();
        await host.StartAsync();
        stage.Send("ann");
        await stage.HearsAsync("ann 1", "ann 2");

        foreach (var command in (string[])
            [$"state delete {stage.Group}", $"state import {stage.Export}", $"reset {stage.Group} --to earliest"])
        {
            (await stage.IsRefusedAsync($"{command} --yes")).ShouldContain($"The group {stage.Group} has a member: ");
            (await stage.DoAsync(command)).ShouldContain("It would be refused now.");
        }

        stage.Send("ann");
        await stage.HearsAsync("ann 1", "ann 2", "ann 3");
        await host.StopAsync();
    }

    [KafkaFact(Redis = true)]
    public async Task Without_yes_nothing_is_changed()
    {
        await using var stage = await CountingStage.SetAsync();
        await stage.RunAsync(["ann", "ann"], "ann 1", "ann 2");
        await stage.DoAsync($"state export {stage.Group} {stage.Export}");
        await stage.RunAsync(["ann"], "ann 1", "ann 2", "ann 3");
        var before = await stage.DumpAsync();

        (await stage.DoAsync($"state delete {stage.Group}")).ShouldContain("would be deleted");
        (await stage.DoAsync($"state import {stage.Export}")).ShouldContain("2 with state");
        var reset = await stage.DoAsync($"reset {stage.Group} --to earliest");

        reset.ShouldContain("3 again");
        reset.ShouldContain("Nothing was changed. Say --yes to do it.");
        (await stage.DumpAsync()).ShouldBe(before);
    }

    [KafkaFact(Redis = true)]
    public async Task A_damaged_export_is_refused_by_name_before_anything_is_written()
    {
        await using var stage = await CountingStage.SetAsync();
        await stage.RunAsync(["ann", "bob"], "ann 1", "bob 1");
        await stage.DoAsync($"state export {stage.Group} {stage.Export}");
        (await stage.IsRefusedAsync($"state export {stage.Group} {stage.Export}")).ShouldContain("is not overwritten");
        var whole = await File.ReadAllBytesAsync(stage.Export);
        var before = await stage.DumpAsync();

        var turned = whole.ToArray();
        turned[^40] ^= 1;
        foreach (var bytes in (byte[][])[whole[..^9], whole[..(whole.Length / 2)], turned, [.. whole, 0], [.. "abc"u8]])
        {
            await File.WriteAllBytesAsync(stage.Export, bytes);
            (await stage.IsRefusedAsync($"state import {stage.Export} --yes")).ShouldContain(stage.Export);
        }

        (await stage.DumpAsync()).ShouldBe(before);
    }

    [KafkaFact(Redis = true)]
    public async Task A_deletion_that_was_killed_before_the_offsets_is_seen_and_done_by_the_same_command()
    {
        await using var stage = await CountingStage.SetAsync();
        await stage.RunAsync(["ann"], "ann 1");
        await using (var admin = new RedisStateAdmin(stage.RedisOptions, TimeProvider.System))
        using (var kafka = new GroupView(stage.Kafka, stage.Group))
        {
            var shard = await admin.LookAsync($"{stage.Group}/entity Counter/0", default);
            await new GroupChange(stage.Group, kafka, admin, [new ShardChange(shard, Import: null)], [])
                .ChangeStatesAsync(static _ => { }, default);
        }

        await using (var host = stage.Build())
        {
            await host.StartAsync();
            await stage.SaysAsync($"{stage.Topic}/0 stands still: The store has nothing of the shard");
            await host.StopAsync();
        }

        (await stage.DoAsync($"state delete {stage.Group} --yes")).ShouldContain("the offsets of 1 partition are");
        await stage.RunAsync(["ann"], "ann 1", "ann 1");
    }

    [KafkaFact(Redis = true)]
    public async Task Kafka_itself_moves_no_offset_under_a_member_that_came_meanwhile()
    {
        await using var stage = await CountingStage.SetAsync();
        await stage.RunAsync(["ann"], "ann 1");
        await using var host = stage.Build();
        await host.StartAsync();
        stage.Send("ann");
        await stage.HearsAsync("ann 1", "ann 2");
        await using var admin = new RedisStateAdmin(stage.RedisOptions, TimeProvider.System);
        using var kafka = new GroupView(stage.Kafka, stage.Group);
        var moves = await kafka.PartitionsAsync([stage.Topic], default);
        var change = new GroupChange(stage.Group, kafka, admin, [], [moves[0] with { To = 0 }]);

        (await Should.ThrowAsync<RefusedException>(() => change.MoveOffsetsAsync(static _ => { })))
            .Message.ShouldContain("the offsets of the group");

        (await kafka.PartitionsAsync([stage.Topic], default))[0].To.ShouldBeGreaterThan(0);
        await host.StopAsync();
    }

    [KafkaFact(Redis = true)]
    public async Task An_import_that_was_killed_before_the_offsets_goes_on_from_its_own_positions()
    {
        await using var stage = await CountingStage.SetAsync();
        await stage.RunAsync(["ann"], "ann 1");
        await stage.DoAsync($"state export {stage.Group} {stage.Export}");
        await stage.RunAsync(["ann"], "ann 1", "ann 2");
        await using (var admin = new RedisStateAdmin(stage.RedisOptions, TimeProvider.System))
        using (var kafka = new GroupView(stage.Kafka, stage.Group))
        using (var file = await StateFileReader.ReadAsync(stage.Export, static (_, _) => { }, default))
        {
            var shard = await admin.LookAsync(file.Shards[0].Shard, default);
            await new GroupChange(stage.Group, kafka, admin, [new ShardChange(shard, file.Shards[0])], [])
                .ChangeStatesAsync(static _ => { }, default);
        }

        await stage.RunAsync([], "ann 1", "ann 2", "ann 2");

        await stage.SaysAsync("the store has lost state");
    }

    [KafkaFact(Redis = true)]
    public async Task A_reset_to_the_beginning_delivers_all_again_as_to_a_new_group()
    {
        await using var stage = await CountingStage.SetAsync();
        await stage.RunAsync(["ann", "bob", "ann"], "ann 1", "bob 1", "ann 2");
        await stage.DoAsync($"reset {stage.Group} --to earliest --yes");

        await stage.RunAsync([], "ann 1", "bob 1", "ann 2", "ann 1", "bob 1", "ann 2");

        stage.Lines.ShouldAllBe(static line => !line.Contains("stands still"));
    }

    [KafkaFact(Redis = true)]
    public async Task A_shard_that_is_damaged_is_told_and_can_be_built_again()
    {
        await using var stage = await CountingStage.SetAsync();
        await stage.RunAsync(["ann"], "ann 1");
        await stage.Redis.CliAsync(
            "HSET", $"streamactors:{{{stage.Group}/entity Counter/0}}:head", "head", "damaged");

        (await stage.DoAsync($"state list {stage.Group}")).ShouldContain("unreadable");
        (await stage.IsRefusedAsync($"state export {stage.Group} {stage.Export}")).ShouldContain("is damaged: ");
        File.Exists(stage.Export).ShouldBeFalse();
        (await stage.IsRefusedAsync($"reset {stage.Group} --to earliest --topics {stage.Topic} --yes"))
            .ShouldContain("cannot be read");
        await stage.DoAsync($"reset {stage.Group} --to earliest --yes");

        await stage.RunAsync([], "ann 1", "ann 1");
    }

    [KafkaFact(Redis = true)]
    public async Task A_reset_to_a_time_an_offset_or_the_end_begins_there_with_an_empty_state()
    {
        await using var stage = await CountingStage.SetAsync();
        await stage.RunAsync(["ann"], "ann 1");
        await Task.Delay(20);
        var then = DateTimeOffset.UtcNow;
        await Task.Delay(20);
        await stage.RunAsync(["bob", "cid"], "ann 1", "bob 1", "cid 1");

        await stage.DoAsync($"reset {stage.Group} --to {then:O} --yes");
        await stage.RunAsync([], "ann 1", "bob 1", "cid 1", "bob 1", "cid 1");
        await stage.DoAsync($"reset {stage.Group} --to 2 --yes");
        await stage.RunAsync([], "ann 1", "bob 1", "cid 1", "bob 1", "cid 1", "cid 1");
        stage.Send("dan");
        await stage.DoAsync($"reset {stage.Group} --to latest --yes");
        await stage.RunAsync(["ann"], "ann 1", "bob 1", "cid 1", "bob 1", "cid 1", "cid 1", "ann 1");
    }

    [KafkaFact(Redis = true)]
    public async Task A_process_that_owned_a_shard_saves_nothing_over_its_deletion()
    {
        await using var stage = await CountingStage.SetAsync();
        await stage.RunAsync(["ann"], "ann 1");
        await using var store = new RedisStateStore(stage.RedisOptions, TimeProvider.System);
        var zombie = (await store.ClaimAsync($"{stage.Group}/entity Counter/0", 1_000_000, false, default)).State!;

        await stage.DoAsync($"state delete {stage.Group} --yes");

        var save = new ShardSave { Number = zombie.Number + 1, IsWhole = true, Head = zombie.Head, Chunks = [] };
        (await zombie.SaveAsync(save, default)).ShouldBe(SaveOutcome.Fenced);
        (await stage.DoAsync($"state list {stage.Group}")).ShouldContain("nothing saved");
    }

    [RedisFact]
    public async Task A_broker_that_cannot_say_who_is_in_a_group_changes_nothing_and_is_told()
    {
        await using var theatre = await Theatre.EmbeddedAsync(partitions: 1);
        var node = await theatre.StartReadyAsync();
        theatre.Feed.Send("trips", "k", Rides.Trip("t"));
        await theatre.TripsShownAsync(["t/0"]);
        await node.StopAsync();

        var (code, _, errors) = await StreamActorsProcess.RunAsync(
            "state delete ride-share --yes", [.. theatre.Settings]);

        code.ShouldBe(1);
        errors.ShouldContain("the embedded broker of the demo cannot");
    }

    [RedisFact]
    public async Task The_password_of_the_environment_is_used_and_never_shown()
    {
        await using var redis = await RealRedis.StartAsync(new() { Password = "right-password" });
        foreach (var (password, expected) in (IEnumerable<(string, int)>)[("right-password", 0), ("wrong-password", 1)])
        {
            var (code, output, errors) = await StreamActorsProcess.RunAsync(
                "state list",
                ("REDIS_HOST", "127.0.0.1"),
                ("REDIS_PORT", $"{redis.Port}"),
                ("REDIS_PASSWORD", password));

            code.ShouldBe(expected, errors);
            (output + errors).ShouldNotContain("-password");
        }
    }

    [Theory]
    [InlineData("reset ride-share", "Option '--to' is required.")]
    [InlineData("reset ride-share --to yesterday", "--to is \"yesterday\": it must be earliest, latest, an offset,")]
    [InlineData("reset ride-share --to 2026-01-31T12:00:00", "or a time with its zone")]
    [InlineData("state", "streamactors state needs a command: list, show, export, import, delete.")]
    [InlineData("state show", "streamactors state show needs a pipeline. Whose: ride-share, or the consumer group")]
    [InlineData("state show x --sub-key a", "--sub-key is given without --key.")]
    public async Task A_command_line_that_is_wrong_is_told_with_exit_code_2(string arguments, string sentence)
    {
        var (code, _, errors) = await StreamActorsProcess.RunAsync(arguments);

        code.ShouldBe(2, errors);
        errors.ShouldContain(sentence);
    }
}

/// <summary>The same for ride-share, whose state is the ids that it has seen.</summary>
[Collection(SharedKafka.Name)]
public sealed class RideShareStateTests
{
    [KafkaFact(Redis = true)]
    public async Task An_id_that_was_seen_is_known_after_an_export_a_deletion_and_an_import()
    {
        await using var theatre = await SharedKafka.TheatreAsync();
        var file = Path.Combine(Path.GetTempPath(), RealKafka.Name("rides"));
        var id = Rides.NewId();
        var first = await theatre.StartReadyAsync();
        theatre.Feed.Send("trips", "k", Rides.Trip("once", id: id));
        await theatre.TripsShownAsync(["once/0"]);
        await first.StopAsync();
        try
        {
            foreach (var command in (string[])
                [$"state export ride-share {file}", "state delete ride-share --yes", $"state import {file} --yes"])
            {
                var (code, output, errors) = await StreamActorsProcess.RunAsync(command, [.. theatre.Settings]);
                code.ShouldBe(0, $"{command}\n{output}\n{errors}");
            }
        }
        finally
        {
            File.Delete(file);
        }

        var second = await theatre.StartReadyAsync();
        theatre.Feed.Send("trips", "k", Rides.Trip("once", id: id));
        theatre.Feed.Send("trips", "k", Rides.Trip("last"));
        await theatre.TripsShownAsync(["last/0"]);
        await second.StopAsync();

        theatre.Frontend.Trips.Select(static shown => shown["trip_id"]).ShouldBe(["once", "last"]);
        Totals.Of(second).Duplicates.ShouldBe(1);
    }
}
