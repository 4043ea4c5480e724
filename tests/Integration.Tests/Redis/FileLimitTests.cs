using System.Runtime.InteropServices;
using StreamActors.Redis;
using StreamActors.Sinks;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RedisTests;

/// <summary>Tests that run alone, after all others: they take something from the whole process.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}

/// <summary>A process that may open no more files.</summary>
[Collection(Alone.Name)]
public sealed class FileLimitTests
{
    private const int OpenFiles = 7;    // RLIMIT_NOFILE

    [Fact]
    public async Task Without_a_socket_to_be_had_a_delivery_fails_to_be_tried_again_and_Redis_is_away()
    {
        // Whatever the calls load is loaded before there are no more files.
        var options = new RedisOptions { Host = "127.0.0.1", Port = Machine.FreePort() };
        using var batch = SinkBench.Batch("any", "x");
        var (before, _) = await AskAsync();
        before.ShouldBeOfType<SinkException>();

        GetLimit(OpenFiles, out var limit).ShouldBe(0);
        SetLimit(OpenFiles, limit with { Soft = 0 }).ShouldBe(0);
        (Exception? Failure, bool IsReachable) found;
        try
        {
            found = await AskAsync();
        }
        finally
        {
            SetLimit(OpenFiles, limit).ShouldBe(0);
        }

        found.Failure.ShouldBeOfType<SinkException>().Message.ShouldContain("TooManyOpenSockets");
        found.IsReachable.ShouldBeFalse();

        async Task<(Exception? Failure, bool IsReachable)> AskAsync()
        {
            await using var bench = new SinkBench(options);
            return (await Record.ExceptionAsync(() => bench.DeliverAsync(batch)),
                await bench.Sink.IsReachableAsync(default));
        }
    }

    [DllImport("libc", EntryPoint = "getrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetLimit(int resource, out Limit limit);

    [DllImport("libc", EntryPoint = "setrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetLimit(int resource, in Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private record struct Limit(nuint Soft, nuint Hard);
}
