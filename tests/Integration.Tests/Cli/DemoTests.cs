using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.Cli;

/// <summary>The demo, as ./run.sh starts it, without a terminal.</summary>
public sealed class DemoTests
{
    [RedisFact]
    public async Task A_demo_of_some_seconds_prints_a_line_each_and_ends_with_totals_that_add_up()
    {
        var (code, output, errors) = await StreamActorsProcess.RunAsync("demo --seconds 5 --drivers 50 --rate 3000");

        code.ShouldBe(0, output + errors);
        Regex.Count(output, @"^00:00:\d\d  in ", RegexOptions.Multiline).ShouldBeInRange(3, 7);
        output.ShouldContain("✔ It adds up");
        Number(output, "produced").ShouldBeGreaterThan(10_000);
        Number(output, "handled").ShouldBe(Number(output, "produced"));
        var (duplicates, invalid) = (Number(output, "duplicates"), Number(output, "invalid"));
        (Number(output, "published") + Number(output, "merged") + duplicates + invalid)
            .ShouldBe(Number(output, "handled"));
        Number(output, "merged").ShouldBeGreaterThan(0);
        Number(output, "dead letters").ShouldBe(invalid);
        output.ShouldContain($"{invalid:N0} malformed, {duplicates:N0} repeated");
        output.ShouldNotContain("\e");
    }

    [RedisFact]
    public async Task An_interrupt_drains_the_demo_prints_the_totals_and_leaves_nothing_running()
    {
        using var demo = StreamActorsProcess.Start("demo");
        await demo.UntilItSaysAsync("  in ");
        var redis = RedisPort(demo);

        demo.Signal("INT");

        (await demo.EndAsync()).ShouldBe(0);
        demo.Output.ShouldContain("✔ It adds up");
        (await Machine.AcceptsAsync(redis)).ShouldBeFalse();
    }

    [RedisFact]
    public async Task A_killed_demo_leaves_no_redis_server()
    {
        using var demo = StreamActorsProcess.Start("demo");
        await demo.UntilItSaysAsync("waiting for the partitions");
        var redis = RedisPort(demo);
        (await Machine.AcceptsAsync(redis)).ShouldBeTrue();

        demo.Signal("KILL");

        await Machine.UntilAsync(
            "Redis is gone", TimeSpan.FromSeconds(5), async () => !await Machine.AcceptsAsync(redis));
    }

    [Fact]
    public async Task A_Redis_that_does_not_answer_is_named_at_once_with_exit_code_1()
    {
        var (code, output, errors) = await StreamActorsProcess.RunAsync("demo --redis 127.0.0.1:1");

        code.ShouldBe(1, output);
        errors.ShouldContain("redis 127.0.0.1:1");
        output.ShouldNotContain("  in ");
    }

    [RedisFact]
    public async Task A_busy_port_is_named_with_its_variable()
    {
        using var busy = new TcpListener(IPAddress.Any, 0);
        busy.Start();
        var port = ((IPEndPoint)busy.LocalEndpoint).Port;

        var (code, _, errors) = await StreamActorsProcess.RunAsync("demo", ("METRICS_PORT", $"{port}"));

        code.ShouldBe(2);
        errors.Trim().ShouldBe($"Port {port} is in use by another process. Set METRICS_PORT to a free one.");
    }

    private static int RedisPort(StreamActorsProcess demo) =>
        int.Parse(Regex.Match(demo.Output, @"Redis 127\.0\.0\.1:(\d+) \(its own\)").Groups[1].Value);

    private static long Number(string output, string name) => long.Parse(
        Regex.Match(output, $@"^ +{name} +([\d,]+)", RegexOptions.Multiline).Groups[1].Value.Replace(",", ""));
}
