using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace StreamActors.Hosting;

/// <summary>
/// Hands metrics to a receiver, over HTTP or gRPC. Why it did not take them is told without a word of the receiver's
/// own: it may repeat a header of ours, and with it a token.
/// </summary>
internal sealed class OtlpClient(OtlpOptions options, HttpMessageHandler handler) : IDisposable
{
    private const int GrpcPrefix = 5;

    private readonly HttpClient http =
        new(handler) { Timeout = options.Timeout, MaxResponseContentBufferSize = 1 << 20 };

    private readonly Uri target = options.Protocol == OtlpProtocol.Grpc
        ? new Uri(options.Endpoint, "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export")
        : new UriBuilder(options.Endpoint) { Path = $"{options.Endpoint.AbsolutePath.TrimEnd('/')}/v1/metrics" }.Uri;

    /// <summary>gRPC's own numbers.</summary>
    private enum GrpcStatus
    {
        Ok,
        Cancelled,
        Unknown,
        InvalidArgument,
        DeadlineExceeded,
        NotFound,
        AlreadyExists,
        PermissionDenied,
        ResourceExhausted,
        FailedPrecondition,
        Aborted,
        OutOfRange,
        Unimplemented,
        Internal,
        Unavailable,
        DataLoss,
        Unauthenticated,
    }

    /// <summary>
    /// What requests go through. A redirect is not followed: the headers are for the endpoint that was named. A
    /// connection is made anew now and then, so that a receiver that moved is found.
    /// </summary>
    public static HttpMessageHandler Network() => new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        UseCookies = false,
    };

    /// <summary>Sends a request.</summary>
    /// <param name="message">An <c>ExportMetricsServiceRequest</c>.</param>
    /// <param name="stop">Ends the attempt.</param>
    /// <returns>Why the receiver has not taken all of it; null when it has.</returns>
    /// <exception cref="OperationCanceledException">The token ended it.</exception>
    public async Task<string?> SendAsync(byte[] message, CancellationToken stop)
    {
        try
        {
            using var request = Request(message);
            using var answer = await http.SendAsync(request, stop);
            var body = await answer.Content.ReadAsByteArrayAsync(stop);
            return Refusal(answer) ?? Rejection(body);
        }
        catch (HttpRequestException error)
        {
            return error.GetBaseException().Message;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return $"no answer within {options.Timeout.TotalMilliseconds:0} ms";
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private HttpRequestMessage Request(byte[] message)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, target);
        if (options.Protocol == OtlpProtocol.Grpc)
        {
            var framed = new byte[GrpcPrefix + message.Length];
            BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
            message.CopyTo(framed, GrpcPrefix);
            request.Content = new ByteArrayContent(framed);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
            request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
            (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        }
        else
        {
            request.Content = new ByteArrayContent(message);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-protobuf");
        }

        foreach (var (name, value) in options.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    private string? Refusal(HttpResponseMessage answer)
    {
        if (!answer.IsSuccessStatusCode)
        {
            return $"it answered {(int)answer.StatusCode} ({answer.StatusCode})";
        }

        if (options.Protocol != OtlpProtocol.Grpc)
        {
            return null;
        }

        // An answer without a body has its trailers as headers.
        if (!(answer.TrailingHeaders.TryGetValues("grpc-status", out var codes)
                || answer.Headers.TryGetValues("grpc-status", out codes))
            || !int.TryParse(codes.First(), CultureInfo.InvariantCulture, out var code))
        {
            return "it answered without a gRPC status";
        }

        return code == 0 ? null : $"it answered gRPC status {code} ({(GrpcStatus)code})";
    }

    /// <summary>What an <c>ExportMetricsServiceResponse</c> says of data points that the receiver left out.</summary>
    private string? Rejection(byte[] body)
    {
        var prefix = options.Protocol == OtlpProtocol.Grpc ? GrpcPrefix : 0;
        for (var response = new ProtobufReader(body.AsSpan(Math.Min(prefix, body.Length))); response.Next();)
        {
            if (response.Field != 1)
            {
                continue;
            }

            for (var partialSuccess = new ProtobufReader(response.Bytes); partialSuccess.Next();)
            {
                if (partialSuccess is { Field: 1, Number: > 0 })
                {
                    return $"it rejected {partialSuccess.Number} data points";
                }
            }
        }

        return null;
    }
}
