using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using Confluent.Kafka;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Redis;
using StreamActors.Tests.Cli;
using StreamActors.Tests.Fixtures;
using StreamActors.Tests.Kafka;
using StreamActors.Tests.RedisTests;
using StreamActors.Tests.RideShare;

namespace StreamActors.Tests.State;

/// <summary>
/// A pipeline of a user's own that counts the records of each key, on a real Kafka and a Redis of its own, and the
/// operator's commands beside it.
/// </summary>
internal sealed class CountingStage : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly string folder = Directory.CreateTempSubdirectory("streamactors-state-").FullName;
    private readonly Feed feed;
    private Subscriber subscriber = null!;

    private CountingStage(string servers, RealRedis redis)
    {
        (Servers, Redis) = (servers, redis);
        feed = new Feed(new ClientConfig { BootstrapServers = servers });
    }

    public string Servers { get; }

    public RealRedis Redis { get; }

    public string Topic { get; } = RealKafka.Name("words");

    public string Group { get; } = RealKafka.Name("counts");

    public string Export => Path.Combine(folder, "counts.state");

    public ConcurrentQueue<string> Lines { get; } = [];

    public IReadOnlyList<string> Heard => [.. subscriber.Heard.Select(static each => each.Text)];

    public KafkaOptions Kafka => new() { BootstrapServers = Servers };

    public RedisOptions RedisOptions => new() { Host = "127.0.0.1", Port = Redis.Port };

    public static async Task<CountingStage> SetAsync(int partitions = 1)
    {
        var stage = new CountingStage((await RealKafka.SharedAsync()).Bootstrap, await RealRedis.StartAsync());
        await Topics.CreateAsync(stage.Servers, stage.Topic, partitions);
        stage.subscriber = await Subscriber.StartAsync(stage.Redis.Port, "counts");
        return stage;
    }

    /// <summary>A host, not started.</summary>
    public WebApplication Build()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{Machine.FreePort()}");
        (string Name, string Value)[] settings =
        [
            ("StreamActors:Kafka:BootstrapServers", Servers),
            ("StreamActors:Kafka:Consumer:FetchMaxWait", "5ms"),
            ("StreamActors:Redis:Host", "127.0.0.1"),
            ("StreamActors:Redis:Port", $"{Redis.Port}"),
        ];
        builder.Configuration.AddInMemoryCollection(
            settings.Select(static each => KeyValuePair.Create(each.Name, (string?)each.Value)));
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new LogLines(Lines));
        builder.AddStreamActors().AddKafka().AddRedis().AddPipeline("counts", pipeline =>
        {
            pipeline.GroupId = Group;
            pipeline.From(Topic, new Words()).Entity<Counter, Count, string>()
                .To(StreamActors.Redis.Redis.Publish("counts", new Words()));
        });
        return builder.Build();
    }

    /// <summary>A host's whole life: it starts, handles these records and what it is given again, and stops.</summary>
    /// <param name="keys">The keys of the records that are sent.</param>
    /// <param name="heard">All that is heard by then, since the beginning.</param>
    public async Task RunAsync(string[] keys, params string[] heard)
    {
        await using var host = Build();
        await host.StartAsync();
        Send(keys);
        await HearsAsync(heard);
        await host.StopAsync();
    }

    public void Send(params string[] keys)
    {
        foreach (var key in keys)
            feed.Send(Topic, key, "word");
    }

    public async Task HearsAsync(params string[] heard)
    {
        await Machine.UntilAsync(
            "the counts are heard",
            Limit,
            () => Task.FromResult(Heard.Count >= heard.Length),
            () => $"{string.Join(", ", Heard)}\n{string.Join('\n', Lines)}");
        Heard.ShouldBe(heard);
    }

    public Task SaysAsync(string text) => Machine.UntilAsync(
        $"the log says: {text}", Limit, () => Task.FromResult(Lines.Any(line => line.Contains(text))),
        () => string.Join('\n', Lines));

    /// <summary>A command of the program, in a process of its own.</summary>
    public Task<(int Code, string Output, string Errors)> CommandAsync(string arguments) =>
        StreamActorsProcess.RunAsync(
            arguments,
            ("KAFKA_BOOTSTRAP_SERVERS", Servers),
            ("REDIS_HOST", "127.0.0.1"),
            ("REDIS_PORT", $"{Redis.Port}"));

    /// <summary>A command that does what it was asked for.</summary>
    /// <returns>Its output.</returns>
    public async Task<string> DoAsync(string arguments)
    {
        var (code, output, errors) = await CommandAsync(arguments);
        code.ShouldBe(0, $"{arguments}\n{output}\n{errors}");
        return output;
    }

    /// <summary>A command that is refused.</summary>
    /// <returns>What it says.</returns>
    public async Task<string> IsRefusedAsync(string arguments)
    {
        var (code, output, errors) = await CommandAsync(arguments);
        code.ShouldBe(1, $"{arguments}\n{output}\n{errors}");
        errors.ShouldNotContain("   at ");
        return errors;
    }

    /// <summary>All that a command could change: every key of Redis, and what the group has committed.</summary>
    public async Task<string> DumpAsync()
    {
        using var offsets = new GroupOffsets(Kafka, Group);
        var keys = await Redis.CliAsync(
            "EVAL",
            "local all = redis.call('KEYS', '*') table.sort(all) local text = '' for _, key in ipairs(all) do "
            + "text = text .. key .. ' ' .. redis.sha1hex(redis.call('DUMP', key)) .. ' ' end return text",
            "0");
        return $"{keys}{string.Join(", ", offsets.Committed(Topic, 1))}";
    }

    public async ValueTask DisposeAsync()
    {
        subscriber.Dispose();
        feed.Dispose();
        await Redis.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [StateVersion(1)]
    private sealed class Count
    {
        public int Value { get; set; }
    }

    private sealed class Counter : IEntity<string, Count, string>
    {
        public void On(string record, ref Count state, Turn<string> turn)
        {
            turn.Timer("later", turn.Now.AddDays(1));
            turn.Emit($"{turn.Key} {++state.Value}");
        }

        public void OnTimer(string name, ref Count state, Turn<string> turn) => turn.Forget();
    }

    private sealed class Words : ICodec<string>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out string value, out Rejection rejection)
        {
            (value, rejection) = (Encoding.UTF8.GetString(bytes), default);
            return true;
        }

        public void Write(scoped in string value, IBufferWriter<byte> output) => Encoding.UTF8.GetBytes(value, output);
    }
}
