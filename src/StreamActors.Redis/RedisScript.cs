using System.Security.Cryptography;
using System.Text;

namespace StreamActors.Redis;

/// <summary>
/// A Lua script of ours, called by its digest; a server that does not know it (restarted, or its scripts flushed) is
/// taught it by the call that found out.
/// </summary>
internal sealed class RedisScript
{
    private readonly string source;

    /// <summary>Makes it of its source, the same bytes on every system.</summary>
    public RedisScript(string source)
    {
        this.source = source.ReplaceLineEndings("\n");
#pragma warning disable CA5350 // The digest is the script's name in Redis, not a protection.
        Digest = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(this.source)));
#pragma warning restore CA5350
    }

    /// <summary>Its name in Redis.</summary>
    public string Digest { get; }

    /// <summary>The command that makes it known.</summary>
    public byte[] Load() => Resp.Command("SCRIPT", "LOAD", source);

    /// <summary>Calls it.</summary>
    /// <param name="connection">Where.</param>
    /// <param name="call">The whole command: EVALSHA, the digest, keys and arguments.</param>
    /// <param name="timeout">How long each command may take; a call that had to load the script are three.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="RedisFaultException">The outcome is unknown, or the server refused it.</exception>
    public async Task<Reply> CallAsync(
        RedisConnection connection, ReadOnlyMemory<byte> call, TimeSpan timeout, CancellationToken stop)
    {
        var reply = await connection.SendAsync(call, timeout, stop);
        if (reply.IsError && RedisFault.OfReply(reply.Text).Kind == RedisFaultKind.UnknownScript)
        {
            (await connection.SendAsync(Load(), timeout, stop)).Accept(connection);
            reply = await connection.SendAsync(call, timeout, stop);
        }

        return reply.Accept(connection);
    }
}
