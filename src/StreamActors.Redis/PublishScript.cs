using System.Globalization;
using System.Text;
using StreamActors.Sinks;

namespace StreamActors.Redis;

/// <summary>
/// The script that publishes a run of outputs, and the command that calls it. One call has one answer, which is the
/// acknowledgement of all: what a plain PUBLISH without waiting for its answer never gives. Channel and message are
/// two arguments each: packing them into one (struct, cmsgpack) costs Redis a fifth more than it saves.
/// </summary>
internal static class PublishScript
{
    /// <summary>
    /// Messages of one call. The server does nothing else meanwhile: about 1 µs a message, and as much for each
    /// subscriber that listens, so a call with ten of them stays near 10 ms. Larger calls are not faster (measured).
    /// </summary>
    public const int MaxMessages = 1024;

    /// <summary>Payload bytes of one call, if it has more than one message. A pooled buffer holds it.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>
    /// The largest message: Redis takes strings of 512 MB (proto-max-bulk-len), and closes the connection on a larger
    /// one, which no retry would change.
    /// </summary>
    public const int MaxMessageBytes = 512 * 1024 * 1024;

    // *N, EVALSHA, its digest, the number of keys, the token.
    private const int MaxHead = Resp.MaxPrefix + 64 + 64 + 32;

    /// <summary>
    /// The script. ARGV[1] is the token that the shard holds, where its state is in the same Redis, at KEYS[1]: a later
    /// owner has a higher one there, and then nothing is published. A lower one or none is a Redis that has lost the
    /// claim, which the next save puts right.
    /// </summary>
    public static readonly RedisScript Script = new(
        """
        local argv, call = ARGV, redis.call
        if KEYS[1] then
          local token = call('HGET', KEYS[1], 'token')
          if token and tonumber(token) > tonumber(argv[1]) then
            return -1
          end
        end
        for i = 2, #argv, 2 do
          call('PUBLISH', argv[i], argv[i + 1])
        end
        return (#argv - 1) / 2
        """);

    /// <summary>A call that publishes nothing: it shows whether the user may call scripts.</summary>
    public static byte[] Probe() => Resp.Command("EVALSHA", Script.Digest, "0", "");

    /// <summary>Whether the answer to a call is that the shard has another owner.</summary>
    public static bool IsFenced(in Reply reply) => reply.Text == "-1";

    /// <summary>The run of outputs, from an index on, that one call takes; refuses what can never be sent.</summary>
    public static Run Next(OutputBatch batch, int from)
    {
        var run = new Run(from, from, 0, MaxHead);
        var bytes = 0L;
        var outputs = batch.Outputs;
        for (; run.End < outputs.Length && run.Count < MaxMessages; run = run with { End = run.End + 1 })
        {
            ref readonly var output = ref outputs[run.End];
            var length = batch.Value(output).Length;
            if (length > MaxMessageBytes)
            {
                batch.Refuse(run.End, $"is larger than Redis takes ({MaxMessageBytes} bytes)");
                continue;
            }

            if (run.Count > 0 && bytes + length > MaxBytes)
            {
                break;
            }

            bytes += length;
            var room = Encoding.UTF8.GetMaxByteCount(output.Destination.Length) + length + (2 * (Resp.MaxPrefix + 2));
            run = run with { Count = run.Count + 1, Room = run.Room + room };
        }

        return run;
    }

    /// <summary>The bytes that suffice for the call of a run.</summary>
    public static int RoomFor(in Run run, OutputFence? fence)
    {
        var key = fence is null ? 0 : Encoding.UTF8.GetMaxByteCount(StateKeys.HeadOf(fence.Shard).Length);
        return run.Room + key + Resp.MaxPrefix + 2;
    }

    /// <summary>Writes the call for a run into a buffer of at least its room; returns the length.</summary>
    /// <param name="batch">The outputs.</param>
    /// <param name="run">Those of the call.</param>
    /// <param name="fence">Whose they are, where the same Redis has the state of their shard.</param>
    /// <param name="to">The buffer.</param>
    public static int Write(OutputBatch batch, in Run run, OutputFence? fence, Span<byte> to)
    {
        var used = Resp.WriteArray(to, 4 + (fence is null ? 0 : 1) + (2 * run.Count));
        used += Resp.WriteString(to[used..], "EVALSHA"u8);
        used += Resp.WriteString(to[used..], Script.Digest);
        used += Resp.WriteString(to[used..], fence is null ? "0"u8 : "1"u8);
        used += fence is null ? 0 : Resp.WriteString(to[used..], StateKeys.HeadOf(fence.Shard));
        used += Resp.WriteString(to[used..], fence?.Token.ToString(CultureInfo.InvariantCulture) ?? "");

        // The same channel many times in a row is the usual case: its bytes are copied from where they stand already.
        string? channel = null;
        var written = default(Range);
        foreach (ref readonly var output in batch.Outputs[run.Start..run.End])
        {
            var value = batch.Value(output);
            if (value.Length > MaxMessageBytes)
            {
                continue;
            }

            var start = used;
            if (ReferenceEquals(channel, output.Destination))
            {
                to[written].CopyTo(to[used..]);
                used += written.End.Value - written.Start.Value;
            }
            else
            {
                used += Resp.WriteString(to[used..], output.Destination);
            }

            (channel, written) = (output.Destination, start..used);
            used += Resp.WriteString(to[used..], value);
        }

        return used;
    }

    /// <summary>Consecutive outputs for one call.</summary>
    /// <param name="Start">The index of the first.</param>
    /// <param name="End">The index behind the last.</param>
    /// <param name="Count">How many are sent; fewer than there are where some were refused.</param>
    /// <param name="Room">The bytes that suffice for the call.</param>
    internal readonly record struct Run(int Start, int End, int Count, int Room);
}
