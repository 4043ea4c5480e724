namespace StreamActors.Redis;

/// <summary>
/// What Redis does at once, in the order of a shard's life. Each begins by comparing the token, touches only keys that
/// it is given, all under one hash tag, and is bounded: a chunk, a page, or a constant time a chunk of a save. Answers
/// are arrays: a <see cref="StateAnswer"/>, then what was asked for.
/// </summary>
internal static class StateScripts
{
    // KEYS[1] is the shard's head, ARGV[1] the caller's token. A token below ours is a store that has lost our claim,
    // not one that has seen a later one. Tokens are microseconds: a double holds them exactly for 285 years.
    private const string Owned =
        """
        local head = redis.call('HMGET', KEYS[1], 'token', 'save', 'number', 'base', 'applied', 'staged')
        local token, save, number, base, applied, staged = unpack(head)
        if token ~= ARGV[1] then
          return {token and tonumber(token) > tonumber(ARGV[1]) and 'fenced' or 'behind'}
        end

        """;

    // Behind Owned: ARGV[2] is the save that the caller takes for the current one.
    private const string Settled =
        """
        if save ~= ARGV[2] or applied ~= staged then
          return {'unsettled'}
        end

        """;

    /// <summary>
    /// KEYS: head. ARGV: format, generation, force, who claims. Answers token, save, number, base, applied, plan and
    /// the head's bytes; or the generation or the format that stands against it. The clock is what keeps a Redis that
    /// was emptied from giving an old token again.
    /// </summary>
    public static readonly RedisScript Claim = new(
        """
        local head = redis.call('HMGET', KEYS[1], 'format', 'generation', 'token')
        local format, generation, last = unpack(head)
        if format and format ~= ARGV[1] then
          return {'format', format}
        end
        if generation and tonumber(ARGV[2]) < tonumber(generation) and ARGV[3] == '0' then
          return {'refused', generation}
        end
        local now = redis.call('TIME')
        local token = math.max(tonumber(last or 0) + 1, now[1] * 1000000 + now[2])
        token = string.format('%.0f', token)
        if not last then
          redis.call('HSET', KEYS[1], 'save', token .. '-0', 'number', 0, 'base', token .. '-0',
            'applied', 0, 'staged', 0, 'plan', '', 'head', '')
        end
        redis.call('HSET', KEYS[1], 'format', ARGV[1], 'generation', ARGV[2], 'token', token,
          'owner', ARGV[4], 'claimed', now[1])
        local found = redis.call('HMGET', KEYS[1], 'save', 'number', 'base', 'applied', 'plan', 'head')
        return {'ok', token, unpack(found)}
        """);

    /// <summary>KEYS: head. ARGV: token. Answers save, number, base, applied and plan.</summary>
    public static readonly RedisScript Look = new(Owned +
        """
        return {'ok', save, number, base, applied, redis.call('HGET', KEYS[1], 'plan')}
        """);

    /// <summary>
    /// Makes a save current. KEYS: head, its staged pieces. ARGV: token, number, whole, plan, the head's bytes. The
    /// pieces' expiry is taken away behind the one command that Redis refuses when its memory is full.
    /// </summary>
    public static readonly RedisScript Publish = new(Owned +
        """
        local mine = ARGV[1] .. '-' .. ARGV[2]
        if save == mine then
          return {'ok'}
        end
        local follows = tonumber(ARGV[2]) == tonumber(number) + 1
        if ARGV[3] == '1' then
          local byMe = string.find(save, ARGV[1] .. '-', 1, true) == 1
          follows = not byMe or tonumber(ARGV[2]) > tonumber(number)
        end
        if not follows then
          return {'behind'}
        end
        if applied ~= staged then
          return {'unsettled'}
        end
        for i = 2, #KEYS do
          if redis.call('EXISTS', KEYS[i]) == 0 then
            return {'missing'}
          end
        end
        redis.call('HSET', KEYS[1], 'save', mine, 'number', ARGV[2], 'applied', 0, 'staged', #KEYS - 1,
          'plan', ARGV[4], 'head', ARGV[5], 'saved', redis.call('TIME')[1],
          'base', ARGV[3] == '1' and mine or base)
        for i = 2, #KEYS do
          redis.call('PERSIST', KEYS[i])
        end
        return {'ok'}
        """);

    /// <summary>
    /// Applies the next piece of the current save. KEYS: head, names, the staged piece, the part or the log's block it
    /// goes to. ARGV: token, save, which piece, the name of its key, and the offset in a block; for a part '-'.
    /// Answers how many are applied.
    /// </summary>
    public static readonly RedisScript Apply = new(Owned +
        """
        if save ~= ARGV[2] then
          return {'behind'}
        end
        if applied ~= ARGV[3] then
          return {'ok', applied}
        end
        local piece = redis.call('GET', KEYS[3])
        if not piece then
          return {'missing'}
        end
        redis.call('SADD', KEYS[2], ARGV[4])
        if ARGV[5] ~= '-' then
          redis.call('SETRANGE', KEYS[4], ARGV[5], piece)
        else
          local read, cut, call = struct.unpack, string.sub, redis.call
          local put, puts, gone, goners, at, size = {}, 0, {}, 0, 1, #piece
          local key, length
          while at <= size do
            key, length, at = read('<I4c0I4', piece, at)
            if length == 4294967295 then
              goners = goners + 1
              gone[goners] = key
            else
              put[puts + 1], put[puts + 2] = key, cut(piece, at, at + length - 1)
              puts, at = puts + 2, at + length
            end
            if puts == 1000 then
              call('HSET', KEYS[4], unpack(put, 1, puts))
              puts = 0
            end
            if goners == 1000 then
              call('HDEL', KEYS[4], unpack(gone, 1, goners))
              goners = 0
            end
          end
          if puts > 0 then
            call('HSET', KEYS[4], unpack(put, 1, puts))
          end
          if goners > 0 then
            call('HDEL', KEYS[4], unpack(gone, 1, goners))
          end
        end
        redis.call('UNLINK', KEYS[3])
        return {'ok', redis.call('HINCRBY', KEYS[1], 'applied', 1)}
        """);

    /// <summary>
    /// Gives up keys. KEYS: head, names, the keys. ARGV: token, base, and the key's names in the same order.
    /// </summary>
    public static readonly RedisScript Drop = new(Owned +
        """
        if base ~= ARGV[2] then
          return {'behind'}
        end
        for i = 3, #KEYS do
          redis.call('UNLINK', KEYS[i])
          redis.call('SREM', KEYS[2], ARGV[i])
        end
        return {'ok'}
        """);

    /// <summary>
    /// Makes the shard one of which nothing was saved yet, and leaves its fence. KEYS: head, the pieces that its last
    /// save had left to be applied. ARGV: token.
    /// </summary>
    public static readonly RedisScript Empty = new(Owned +
        """
        local none = token .. '-0'
        redis.call('HSET', KEYS[1], 'save', none, 'number', 0, 'base', none,
          'applied', 0, 'staged', 0, 'plan', '', 'head', '')
        redis.call('HDEL', KEYS[1], 'saved')
        for i = 2, #KEYS do
          redis.call('UNLINK', KEYS[i])
        end
        return {'ok'}
        """);

    /// <summary>
    /// KEYS: head, part. ARGV: token, save, the bytes behind which no further value is added, keys. Answers the values
    /// of the first keys, at least of one.
    /// </summary>
    public static readonly RedisScript Get = new(Owned + Settled +
        """
        local answer, bytes, limit = {'ok'}, 0, tonumber(ARGV[3])
        for i = 4, #ARGV do
          local value = redis.call('HGET', KEYS[2], ARGV[i])
          answer[i - 2] = value
          bytes = bytes + (value and #value or 0)
          if bytes >= limit then
            break
          end
        end
        return answer
        """);

    /// <summary>
    /// KEYS: head, part. ARGV: token, save, the bytes behind which no further step is made, cursor. Answers a cursor,
    /// how many keys there are, keys and values; a value for which four times these bytes do not suffice is left out
    /// (null). Steps grow while they find little, and there are 32 at most, since a table that has shrunk is mostly
    /// empty.
    /// </summary>
    public static readonly RedisScript Scan = new(Owned + Settled +
        """
        local answer = {'ok', '', redis.call('HLEN', KEYS[2])}
        local bytes, limit, cursor, count = 0, tonumber(ARGV[3]), ARGV[4], 8
        for _ = 1, 32 do
          local page = redis.call('HSCAN', KEYS[2], cursor, 'COUNT', count)
          local before, entries = bytes, page[2]
          cursor = page[1]
          for i = 1, #entries, 2 do
            local key, value = entries[i], entries[i + 1]
            if bytes > 0 and bytes + #value > 4 * limit then
              value = false
            end
            answer[#answer + 1] = key
            answer[#answer + 1] = value
            bytes = bytes + #key + (value and #value or 0)
          end
          if cursor == '0' or bytes >= limit then
            break
          end
          if bytes - before < limit / 16 then
            count = math.min(count * 2, 512)
          end
        end
        answer[2] = cursor
        return answer
        """);

    /// <summary>KEYS: a text. ARGV: what was seen of it, and what takes its place. Answers the text as it is.</summary>
    public static readonly RedisScript Replace = new(
        """
        local found = redis.call('GET', KEYS[1])
        if (found or '') ~= ARGV[1] then
          return {'ok', found}
        end
        redis.call('SET', KEYS[1], ARGV[2])
        return {'ok', ARGV[2]}
        """);

    /// <summary>KEYS: head, a log's block. ARGV: token, save, first and last byte.</summary>
    public static readonly RedisScript ReadLog = new(Owned + Settled +
        """
        return {'ok', redis.call('GETRANGE', KEYS[2], ARGV[3], ARGV[4])}
        """);
}

/// <summary>What a script answers first, in lower case.</summary>
internal enum StateAnswer
{
    /// <summary>Done.</summary>
    Ok,

    /// <summary>Another owner has claimed the shard.</summary>
    Fenced,

    /// <summary>The store does not have what it had acknowledged.</summary>
    Behind,

    /// <summary>A save is current of which not everything is applied, or which the caller does not know of.</summary>
    Unsettled,

    /// <summary>A staged piece is not there.</summary>
    Missing,

    /// <summary>A claim with an older generation.</summary>
    Refused,

    /// <summary>The state is of another release's format.</summary>
    Format,
}
