using System.Globalization;
using System.Text.Json;
using StreamActors.Records;

namespace StreamActors.Node.Chaos;

/// <summary>What a node process tells of itself by HTTP, as an operator's monitor reads it.</summary>
/// <param name="port">Its port on loopback.</param>
internal sealed class NodePages(int port) : IDisposable
{
    private const string Owned = "streamactors_partition_held{";

    private readonly HttpClient http = new()
    {
        BaseAddress = new Uri($"http://127.0.0.1:{port}"),
        Timeout = TimeSpan.FromSeconds(2),
    };

    /// <summary>Whether it is ready.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken stop) => await ReadAsync("health/ready", stop) is not null;

    /// <summary>The partitions that it owns; none where it does not answer.</summary>
    public async Task<IReadOnlyList<PartitionId>> PartitionsAsync(CancellationToken stop) =>
    [
        .. from line in (await ReadAsync("metrics", stop) ?? "").Split('\n')
           where line.StartsWith(Owned, StringComparison.Ordinal)
           select new PartitionId(
               Label(line, "topic"), int.Parse(Label(line, "partition"), CultureInfo.InvariantCulture)),
    ];

    /// <summary>Those of which it says that their state is of no use.</summary>
    public async Task<IReadOnlyList<PartitionId>> WithoutStateAsync(CancellationToken stop)
    {
        using var stalls = JsonDocument.Parse(await ReadAsync("stalls", stop) ?? "[]");
        return
        [
            .. from stall in stalls.RootElement.EnumerateArray()
               where stall.GetProperty("reason").ValueEquals("state")
               select new PartitionId(
                   stall.GetProperty("topic").GetString()!, stall.GetProperty("partition").GetInt32()),
        ];
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private static string Label(string sample, string name)
    {
        var start = sample.IndexOf($"{name}=\"", StringComparison.Ordinal) + name.Length + 2;
        return sample[start..sample.IndexOf('"', start)];
    }

    /// <summary>A page; null where there is none, or it is an error.</summary>
    private async Task<string?> ReadAsync(string page, CancellationToken stop)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(page, UriKind.Relative), stop);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(stop) : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (TaskCanceledException) when (!stop.IsCancellationRequested)
        {
            return null;
        }
    }
}
