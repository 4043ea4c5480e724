using System.Text;
using StreamActors.Records;
using StreamActors.Sinks;

namespace StreamActors.Testing.Tests.Doubles;

/// <summary>What a sink may do wrong.</summary>
public enum SinkFault
{
    None,
    LosesTheLast,
    Reverses,
    ThrowsWhenEmpty,
    ReadsTheBatchLater,
    AddsInFront,
    SharesOneBuffer,
    KnowsOneDestination,
    LosesTombstones,
    LosesHeaders,
    TakesValuesForText,
    CutsLargeValues,
    HangsWhenStopped,
    SaysItIsAway,
    Buffers,
    ForgetsDeliveriesAtItsEnd,
    ThrowsWhenDisposedAgain,
    AcknowledgesWhileAway,
    FailsWithItsOwnError,
    WaitsForEver,
    StaysAway,
    SaysItIsThere,
    ThrowsWhenAsked,
    ThrowsWhatItCannotTake,
    RefusesOnce,
    RefusesAll,
    DeliversNothing,
    TakesDocumentsOnly,
}

/// <summary>A peer in memory that can be away.</summary>
public sealed class SinkPeer
{
    private readonly Dictionary<string, List<SinkOutput>> written = [];

    public bool IsAway { get; private set; }

    public IReadOnlyList<SinkOutput> Read(string destination)
    {
        lock (written)
        {
            return written.TryGetValue(destination, out var all) ? [.. all] : [];
        }
    }

    public void Write(string destination, SinkOutput output, bool inFront)
    {
        lock (written)
        {
            if (!written.TryGetValue(destination, out var all))
            {
                written[destination] = all = [];
            }

            all.Insert(inFront ? 0 : all.Count, output);
        }
    }

    public Task LeaveAsync()
    {
        lock (written)
        {
            IsAway = true;
        }

        return Task.CompletedTask;
    }

    public Task ReturnAsync()
    {
        lock (written)
        {
            IsAway = false;
        }

        return Task.CompletedTask;
    }
}

/// <summary>A right sink over a peer in memory, or one with a single fault.</summary>
public sealed class FaultySink(SinkPeer peer, SinkFault fault) : ISink
{
    /// <summary>What the peer will never take.</summary>
    public static readonly SinkOutput TooLarge = new("key"u8.ToArray(), new byte[1_000_000]);

    private readonly List<(string Destination, SinkOutput Output)> buffer = [];
    private readonly bool wasAway = peer.IsAway;
    private bool isDisposed;
    private bool hasRefused;

    public string Name => "memory";

    public async Task DeliverAsync(OutputBatch batch, CancellationToken stop)
    {
        if (fault == SinkFault.HangsWhenStopped && stop.IsCancellationRequested)
        {
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
        }

        stop.ThrowIfCancellationRequested();
        if (fault == SinkFault.ThrowsWhenEmpty && batch.Count == 0)
        {
            throw new SinkException("there is nothing to send");
        }

        if (peer.IsAway || (fault == SinkFault.StaysAway && wasAway))
        {
            await FailAsync();
            return;
        }

        if (fault == SinkFault.ReadsTheBatchLater)
        {
            _ = Task.Delay(100, CancellationToken.None).ContinueWith(_ => Write(batch), TaskScheduler.Default);
            return;
        }

        if (fault == SinkFault.ForgetsDeliveriesAtItsEnd)
        {
            await Task.Delay(200, CancellationToken.None);
            if (isDisposed)
            {
                return;
            }
        }

        if (fault == SinkFault.SharesOneBuffer)
        {
            lock (buffer)
            {
                buffer.Clear();
            }

            Collect(batch);
            await Task.Yield();
            Flush();
            return;
        }

        Write(batch);
    }

    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => fault switch
    {
        SinkFault.SaysItIsAway => ValueTask.FromResult(false),
        SinkFault.SaysItIsThere => ValueTask.FromResult(true),
        SinkFault.ThrowsWhenAsked when peer.IsAway => throw new IOException("nobody is there"),
        _ => ValueTask.FromResult(!peer.IsAway),
    };

    public ValueTask DisposeAsync()
    {
        ObjectDisposedException.ThrowIf(isDisposed && fault == SinkFault.ThrowsWhenDisposedAgain, this);
        isDisposed = true;
        return ValueTask.CompletedTask;
    }

    private async Task FailAsync()
    {
        switch (fault)
        {
            case SinkFault.AcknowledgesWhileAway:
                return;
            case SinkFault.FailsWithItsOwnError:
                throw new IOException("connection refused");
            case SinkFault.WaitsForEver:
                await Task.Delay(Timeout.Infinite, CancellationToken.None);
                return;
            default:
                throw new SinkException("the peer is away");
        }
    }

    private void Write(OutputBatch batch)
    {
        Collect(batch);
        if (fault != SinkFault.Buffers)
        {
            Flush();
        }
    }

    private void Collect(OutputBatch batch)
    {
        var taken = new List<(string, SinkOutput)>();
        for (var index = 0; index < batch.Count; index++)
        {
            ref readonly var output = ref batch.Outputs[index];
            if (fault == SinkFault.RefusesAll
                || (fault == SinkFault.TakesDocumentsOnly && batch.Value(in output) is not [(byte)'{', ..])
                || batch.Value(in output).Length == TooLarge.Value!.Length)
            {
                Refuse(batch, index);
                continue;
            }

            if (fault == SinkFault.LosesTombstones && output.IsTombstone)
            {
                continue;
            }

            var destination = fault == SinkFault.KnowsOneDestination
                ? batch.Outputs[0].Destination
                : output.Destination;
            taken.Add((destination, Read(batch, in output)));
        }

        if (fault == SinkFault.LosesTheLast && taken.Count > 0)
        {
            taken.RemoveAt(taken.Count - 1);
        }

        if (fault == SinkFault.Reverses)
        {
            taken.Reverse();
        }

        if (fault == SinkFault.DeliversNothing)
        {
            return;
        }

        lock (buffer)
        {
            buffer.AddRange(taken);
        }
    }

    private void Refuse(OutputBatch batch, int index)
    {
        if (fault == SinkFault.ThrowsWhatItCannotTake)
        {
            throw new SinkException("the value is too large");
        }

        if (fault != SinkFault.RefusesOnce || !hasRefused)
        {
            batch.Refuse(index, "is too large");
        }

        hasRefused = true;
    }

    private SinkOutput Read(OutputBatch batch, in Output output)
    {
        var value = batch.Value(in output).ToArray();
        value = fault switch
        {
            SinkFault.TakesValuesForText => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(value)),
            SinkFault.CutsLargeValues => value[..Math.Min(value.Length, ushort.MaxValue)],
            _ => value,
        };
        var headers = new List<(string, byte[]?)>();
        foreach (var header in RecordHeaders.Read(batch.Headers(in output)))
        {
            headers.Add((Encoding.UTF8.GetString(header.Name), header.IsNull ? null : header.Value.ToArray()));
        }

        return new(output.HasKey ? batch.Key(in output).ToArray() : null, output.IsTombstone ? null : value)
        {
            Headers = fault == SinkFault.LosesHeaders ? [] : headers,
        };
    }

    private void Flush()
    {
        lock (buffer)
        {
            buffer.ForEach(each => peer.Write(each.Destination, each.Output, fault == SinkFault.AddsInFront));
            buffer.Clear();
        }
    }
}
