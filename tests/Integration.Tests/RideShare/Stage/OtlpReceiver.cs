using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>How a receiver treats its senders.</summary>
public enum Manner
{
    Takes,
    IsAway,
    Fails,
    Stalls,
    Rejects,
    RepeatsTheSecret,
}

/// <summary>A receiver of OTLP, as a collector is one: over gRPC, or over HTTP with Protocol Buffers.</summary>
internal sealed class OtlpReceiver(string protocol) : IAsyncDisposable
{
    private readonly int port = Machine.FreePort();
    private readonly ConcurrentQueue<OtlpRequest> taken = new();
    private readonly ConcurrentQueue<Exception> errors = new();
    private WebApplication? server;
    private int asked;
    private volatile Manner manner;

    /// <summary>The settings that make a node send here.</summary>
    public IEnumerable<(string Name, string Value)> Settings =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{port}{(IsGrpc ? "" : "/otlp/")}"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20canary-of-otlp"),
    ];

    /// <summary>How often it was sent something.</summary>
    public int Asked => Volatile.Read(ref asked);

    /// <summary>What it was sent and has taken, in order.</summary>
    public IReadOnlyList<OtlpRequest> Taken => errors.TryPeek(out var error)
        ? throw new FormatException($"a request was not what a receiver understands: {error.Message}", error)
        : [.. taken];

    private bool IsGrpc => protocol == "grpc";

    /// <summary>Changes how it treats its senders.</summary>
    public async Task BecomeAsync(Manner next)
    {
        manner = next;
        if (next == Manner.IsAway && server is not null)
        {
            await DisposeAsync();
        }
        else if (next != Manner.IsAway && server is null)
        {
            await StartAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            using var now = new CancellationTokenSource(0);
            await server.StopAsync(now.Token);
            await server.DisposeAsync();
            server = null;
        }
    }

    private async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen =>
            listen.Protocols = IsGrpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        server = builder.Build();
        server.Run(AnswerAsync);
        await server.StartAsync();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        Interlocked.Increment(ref asked);
        switch (manner)
        {
            case Manner.Stalls:
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(static _ => { });
                return;
            case Manner.Fails:
                http.Response.StatusCode = 500;
                return;
            case Manner.RepeatsTheSecret when IsGrpc:
                http.Response.ContentType = "application/grpc";
                http.Response.Headers["grpc-status"] = "16";
                http.Response.Headers["grpc-message"] = $"who is {http.Request.Headers.Authorization}?";
                return;
            case Manner.RepeatsTheSecret:
                http.Response.StatusCode = 401;
                await http.Response.WriteAsync($"who is {http.Request.Headers.Authorization}?");
                return;
        }

        try
        {
            taken.Enqueue(OtlpRequest.Parse(await ReadAsync(http.Request)));
        }
        catch (IOException)
        {
            return;    // the sender gave up before all of it was here
        }
        catch (Exception error)
        {
            errors.Enqueue(error);
        }

        // An ExportMetricsServiceResponse: its partial_success, with 300 rejected points and a message; or nothing.
        byte[] response = manner == Manner.Rejects ? [0x0a, 6, 0x08, 0xac, 0x02, 0x12, 1, (byte)'?'] : [];
        if (IsGrpc)
        {
            http.Response.ContentType = "application/grpc";
            await http.Response.Body.WriteAsync((byte[])[0, 0, 0, 0, (byte)response.Length, .. response]);
            http.Response.AppendTrailer("grpc-status", "0");
        }
        else
        {
            http.Response.ContentType = "application/x-protobuf";
            await http.Response.Body.WriteAsync(response);
        }
    }

    /// <summary>Checks all that a receiver relies on, and takes the message out of its envelope.</summary>
    private async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request)
    {
        request.Method.ShouldBe("POST");
        request.Headers.Authorization.ShouldBe(["Bearer canary-of-otlp"]);
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        if (!IsGrpc)
        {
            request.Path.Value.ShouldBe("/otlp/v1/metrics");
            request.ContentType.ShouldBe("application/x-protobuf");
            return body.ToArray();
        }

        request.Path.Value.ShouldBe("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
        request.Protocol.ShouldBe("HTTP/2");
        request.ContentType.ShouldBe("application/grpc");
        request.Headers.TE.ShouldBe(["trailers"]);
        var framed = body.ToArray();
        framed[0].ShouldBe((byte)0, "not compressed");
        BinaryPrimitives.ReadInt32BigEndian(framed.AsSpan(1)).ShouldBe(framed.Length - 5);
        return framed.AsMemory(5);
    }
}
