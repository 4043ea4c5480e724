using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using StreamActors.Hosting;

namespace StreamActors.Pipelines.Tests.Hosting;

/// <summary>Data of a file that changes under a running host.</summary>
public sealed class ReferenceFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("reference").FullName;
    private readonly Lines lines = new();

    [Theory]
    [InlineData(null)]
    [InlineData("not a number")]
    public void A_first_version_that_cannot_be_used_is_a_mistake_of_the_start(string? content)
    {
        var path = Path.Combine(folder, "limit");
        if (content is not null)
        {
            File.WriteAllText(path, content);
        }

        var file = Open(path);

        file.Mistake.ShouldNotBeNull().ShouldContain(path);
        Should.Throw<InvalidOperationException>(() => file.Current).Message.ShouldBe(file.Mistake);
    }

    [Fact]
    public void A_mount_that_is_replaced_by_turning_a_link_of_its_folder_is_read_again()
    {
        // As Kubernetes does it: data/limit leads to ..data/limit, ..data to a folder of the version.
        Version("v1", "1", hour: 1);
        Directory.CreateSymbolicLink(Path.Combine(folder, "..data"), "v1");
        File.CreateSymbolicLink(Path.Combine(folder, "limit"), Path.Combine("..data", "limit"));
        var file = Open(Path.Combine(folder, "limit"));
        file.Current.ShouldBe("1");

        Version("v2", "2", hour: 2);
        File.Delete(Path.Combine(folder, "..data"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "..data"), "v2");
        ((IReferenceFile)file).Refresh();

        file.Current.ShouldBe("2");
        lines.All.ShouldHaveSingleItem().ShouldContain("was read again");
        ((IReferenceFile)file).Refresh();
        lines.All.Count.ShouldBe(1, "nothing has changed since");
    }

    [Fact]
    public void A_version_that_cannot_be_read_is_refused_once_and_the_one_before_stays()
    {
        var path = Path.Combine(folder, "limit");
        Write(path, "1", hour: 1);
        var file = Open(path);

        Write(path, "bad", hour: 2);
        ((IReferenceFile)file).Refresh();
        ((IReferenceFile)file).Refresh();

        file.Current.ShouldBe("1");
        lines.All.ShouldHaveSingleItem().ShouldContain("the version before stays");

        Write(path, "3", hour: 3);
        ((IReferenceFile)file).Refresh();
        file.Current.ShouldBe("3");
    }

    [Fact]
    public void A_file_that_is_gone_is_said_once_and_read_again_when_it_is_back_changed()
    {
        var path = Path.Combine(folder, "limit");
        Write(path, "1", hour: 1);
        var file = Open(path);

        File.Delete(path);
        ((IReferenceFile)file).Refresh();
        ((IReferenceFile)file).Refresh();
        file.Current.ShouldBe("1");
        lines.All.Count.ShouldBe(1);

        Write(path, "2", hour: 2);
        ((IReferenceFile)file).Refresh();
        file.Current.ShouldBe("2");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static void Write(string path, string text, int hour)
    {
        File.WriteAllText(path, text);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddHours(hour));
    }

    private void Version(string name, string text, int hour) =>
        Write(Path.Combine(Directory.CreateDirectory(Path.Combine(folder, name)).FullName, "limit"), text, hour);

    private ReferenceFile<string> Open(string path) => new(
        path,
        static stream =>
        {
            using var reader = new StreamReader(stream);
            return $"{int.Parse(reader.ReadToEnd(), System.Globalization.CultureInfo.InvariantCulture)}";
        },
        lines);

    private sealed class Lines : ILogger
    {
        public ConcurrentQueue<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => All.Enqueue(formatter(state, exception));
    }
}
