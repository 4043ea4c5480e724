using System.Buffers;
using System.Globalization;
using System.Text;

namespace StreamActors.Redis;

/// <summary>A command that is put together word by word, in a rented buffer that grows with it.</summary>
internal sealed class RedisCommand : IDisposable
{
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(1024);

    // The words stand behind room for the prefix, whose length is known when they have been counted.
    private int used = Resp.MaxPrefix;
    private int words;

    /// <summary>A command by its name.</summary>
    public RedisCommand(string name) => Add(name);

    /// <summary>A call of a script: EVALSHA, its digest and its keys; the arguments follow.</summary>
    public static RedisCommand Call(RedisScript script, params ReadOnlySpan<string> keys)
    {
        var call = new RedisCommand("EVALSHA").Add(script.Digest).Add(keys.Length);
        foreach (var key in keys)
        {
            call.Add(key);
        }

        return call;
    }

    /// <summary>Adds a text, as UTF-8.</summary>
    public RedisCommand Add(string word)
    {
        used += Resp.WriteString(Room(Encoding.UTF8.GetMaxByteCount(word.Length)), word);
        words++;
        return this;
    }

    /// <summary>Adds bytes.</summary>
    public RedisCommand Add(ReadOnlySpan<byte> word)
    {
        used += Resp.WriteString(Room(word.Length), word);
        words++;
        return this;
    }

    /// <summary>Adds a number, in decimal digits.</summary>
    public RedisCommand Add(long word) => Add(word.ToString(CultureInfo.InvariantCulture));

    /// <summary>The whole command; valid until another word is added or it is disposed.</summary>
    public ReadOnlyMemory<byte> Bytes()
    {
        Span<byte> prefix = stackalloc byte[Resp.MaxPrefix];
        var length = Resp.WriteArray(prefix, words);
        var start = Resp.MaxPrefix - length;
        prefix[..length].CopyTo(buffer.AsSpan(start));
        return buffer.AsMemory(start, used - start);
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
    }

    private Span<byte> Room(int length)
    {
        var needed = used + Resp.MaxPrefix + length + 2;
        if (needed > buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, buffer.Length * 2));
            buffer.AsSpan(0, used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }

        return buffer.AsSpan(used);
    }
}
