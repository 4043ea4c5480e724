using System.Text;
using System.Text.Json;

namespace StreamActors.Node.Bench;

/// <summary>The figures of a bench.</summary>
internal sealed record BenchReport(
    BenchPlan Plan, BenchOptions Options, Throughput Bare, Throughput Json, NodeResult Node, LatencyResult? Latency)
{
    /// <summary>The figures as a table, for people.</summary>
    public string Table()
    {
        var node = Node.Throughput;
        var page = new StringBuilder();
        page.AppendLine($"{Plan.Name}: {Options.Records:N0} records of {Bare.Bytes / Bare.Records} bytes, "
            + $"{Options.Drivers:N0} drivers, {Environment.ProcessorCount} cores shared with Kafka and Redis");
        page.AppendLine();
        page.AppendLine($"{"",-36}{"records/s",12}{"CPU µs",9}{"ratio",8}");
        Row(page, "bare Consume()", Bare, Bare);
        Row(page, "bare Consume(), JSON read", Json, Bare);
        Row(page, "pipeline", node, Bare);
        page.AppendLine();
        page.AppendLine($"published          {Node.Published:N0} "
            + $"({(double)Node.Published / Options.Records:P1} of the records)");
        page.AppendLine($"against JSON read  {node.PerSecond / Json.PerSecond:N2} x as fast");
        page.AppendLine($"allocated          {Node.AllocatedPerRecord:N1} bytes a record");
        page.AppendLine($"peak memory        {Node.PeakMemory / 1048576.0:N0} MB");
        page.AppendLine($"first records      {Node.Startup.TotalSeconds:N1} s after the start of the process");
        if (Latency is { } latency)
        {
            page.AppendLine($"latency            p50 {latency.Median:N1} ms, p99 {latency.P99:N1} ms "
                + $"at {latency.Rate:N0} records/s ({latency.CpuMicroseconds:N2} CPU µs a record, "
                + $"{latency.PeakMemory / 1048576.0:N0} MB)");
        }

        return page.ToString();
    }

    /// <summary>The figures as JSON, for scripts.</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("bench", Plan.Name);
            json.WriteNumber("records", Options.Records);
            json.WriteNumber("drivers", Options.Drivers);
            json.WriteNumber("seed", Options.Seed);
            json.WriteNumber("cores", Environment.ProcessorCount);
            Write(json, "bare", Bare);
            Write(json, "bare_json", Json);
            Write(json, "pipeline", Node.Throughput);
            json.WriteNumber("published", Node.Published);
            json.WriteNumber("allocated_bytes_per_record", Node.AllocatedPerRecord);
            json.WriteNumber("peak_memory_bytes", Node.PeakMemory);
            json.WriteNumber("startup_seconds", Node.Startup.TotalSeconds);
            if (Latency is { } latency)
            {
                json.WriteStartObject("latency");
                json.WriteNumber("rate", latency.Rate);
                json.WriteNumber("p50_ms", latency.Median);
                json.WriteNumber("p99_ms", latency.P99);
                json.WriteNumber("cpu_us_per_record", latency.CpuMicroseconds);
                json.WriteNumber("peak_memory_bytes", latency.PeakMemory);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void Row(StringBuilder page, string name, Throughput row, Throughput reference) => page.AppendLine(
        $"{name,-36}{row.PerSecond,12:N0}{row.CpuMicroseconds,9:N2}{row.PerSecond / reference.PerSecond,8:N2}");

    private static void Write(Utf8JsonWriter json, string name, Throughput figures)
    {
        json.WriteStartObject(name);
        json.WriteNumber("records_per_second", figures.PerSecond);
        json.WriteNumber("cpu_us_per_record", figures.CpuMicroseconds);
        json.WriteNumber("seconds", figures.Time.TotalSeconds);
        json.WriteEndObject();
    }
}
