using StreamActors.Redis;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RedisTests;

/// <summary>What <c>streamactors check</c> says about Redis.</summary>
public sealed class RedisCheckTests
{
    [RedisFact]
    public async Task A_server_that_is_as_it_should_be_gets_good_findings_only_and_hears_nothing()
    {
        await using var redis = await RealRedis.StartAsync();
        using var subscriber = await Subscriber.StartAsync(redis.Port, "");

        var findings = await CheckAsync(SinkBench.Options(redis), "trips", "surge");

        findings.ShouldAllBe(finding => finding.Ok && finding.Remedy == "");
        findings.Count.ShouldBe(6);
        subscriber.Heard.ShouldBeEmpty();
    }

    [RedisFact]
    public async Task Each_thing_that_is_wrong_is_said_with_its_remedy()
    {
        await using var redis = await RealRedis.StartAsync(new()
        {
            Password = "secret0",
            Users = ["alice on >secret1 resetchannels &open:* +@all", "bob on >secret2 &* +publish"],
        });
        var options = SinkBench.Options(redis) with { ConnectTimeout = TimeSpan.FromSeconds(5) };

        var absent = await CheckAsync(options with { Port = Machine.FreePort() });
        var wrong = await CheckAsync(options with { Password = "nonsense" });
        var database = await CheckAsync(options with { Password = "secret0", Database = 99 });
        var channel = await CheckAsync(options with { User = "alice", Password = "secret1" }, "open:1", "closed:1");
        var scripts = await CheckAsync(options with { User = "bob", Password = "secret2" });

        absent.ShouldHaveSingleItem().Remedy.ShouldContain("REDIS_HOST");
        wrong.Select(finding => finding.Ok).ShouldBe([true, false]);
        wrong[1].Sentence.ShouldContain("WRONGPASS");
        database.Select(finding => finding.Ok).ShouldBe([true, true, false]);
        database[2].Sentence.ShouldContain("database 99");
        channel.Select(finding => finding.Ok).ShouldBe([true, true, true, true, true, false]);
        channel[^1].Sentence.ShouldContain("closed:1");
        scripts[^1].Sentence.ShouldContain("scripts cannot be run");
        absent.Concat(wrong).Concat(database).ShouldAllBe(f => f.Ok || f.Remedy != "");
        wrong.ShouldAllBe(finding => !$"{finding}".Contains("nonsense"));
    }

    private static Task<IReadOnlyList<Finding>> CheckAsync(RedisOptions options, params string[] channels) =>
        RedisCheck.RunAsync(options, channels, TimeProvider.System, default);
}
