using System.Net.Sockets;

namespace StreamActors.Redis;

/// <summary>Everything that can go wrong with Redis.</summary>
internal enum RedisFaultKind
{
    /// <summary>No connection could be made.</summary>
    Unreachable,

    /// <summary>A connection was made, but TLS was not.</summary>
    TlsFailed,

    /// <summary>The login was refused, or one is wanted and none was given.</summary>
    LoginRefused,

    /// <summary>The database does not exist.</summary>
    NoDatabase,

    /// <summary>The user is logged in, and is not allowed to do it.</summary>
    NotPermitted,

    /// <summary>The server is reading its data from disk.</summary>
    Loading,

    /// <summary>The server is a replica: it takes no writes, and what is published there is heard only there.</summary>
    Replica,

    /// <summary>The answer did not come in time.</summary>
    TimedOut,

    /// <summary>The connection broke.</summary>
    Broken,

    /// <summary>The server does not know the script: it was restarted, or its scripts were flushed.</summary>
    UnknownScript,

    /// <summary>Any other refusal; its text says more.</summary>
    Refused,
}

/// <summary>What is wrong with Redis and what a person can do about it. Never holds a password or a payload.</summary>
/// <param name="Kind">Which of the things that can go wrong.</param>
/// <param name="Problem">What is wrong, as a sentence without the full stop.</param>
/// <param name="Remedy">What to do, as a sentence with the full stop.</param>
internal sealed record RedisFault(RedisFaultKind Kind, string Problem, string Remedy)
{
    private const string CheckServer =
        "Check that the server runs and that host and port (such as REDIS_HOST and REDIS_PORT) are right.";

    private const string CheckPassword =
        "Correct the user and the password that this node is given (such as REDIS_PASSWORD).";

    /// <summary>Whether the connection is of no more use, because another one may well find another answer.</summary>
    public bool EndsConnection =>
        Kind is RedisFaultKind.Loading or RedisFaultKind.Replica or RedisFaultKind.LoginRefused;

    /// <summary>The server did not answer in time.</summary>
    public static RedisFault TimedOut(TimeSpan limit) => new(
        RedisFaultKind.TimedOut,
        $"it did not answer within {limit.TotalSeconds:0.###} s",
        "Check the server's load (SLOWLOG GET) and the network.");

    /// <summary>The server closed the connection, or sent something that is not Redis's.</summary>
    public static RedisFault Broken(string problem) => new(
        RedisFaultKind.Broken,
        problem,
        "The next attempt connects again; if that breaks at once too, check whether this port wants TLS.");

    /// <summary>The connection could not be made.</summary>
    public static RedisFault Unreachable(SocketException error) =>
        new(RedisFaultKind.Unreachable, $"no connection ({error.SocketErrorCode}: {error.Message})", CheckServer);

    /// <summary>TLS failed; the text is of the TLS library.</summary>
    public static RedisFault TlsFailed(Exception error) => new(
        RedisFaultKind.TlsFailed,
        $"TLS failed: {Innermost(error).Message}",
        "Check that this port speaks TLS, that its certificate names the host, and that the CA file is right.");

    /// <summary>A connection that had been made failed.</summary>
    public static RedisFault OfStream(Exception error) => Broken($"the connection broke ({Innermost(error).Message})");

    /// <summary>
    /// The answer to AUTH, or what the server said instead of one. The text of an answer to AUTH is not shown: a server
    /// that has no AUTH command repeats the arguments in its error.
    /// </summary>
    public static RedisFault OfLogin(string reply) =>
        IsNoAnswerToLogin(reply) ? OfReply(reply)
        : reply.Contains("without any password", StringComparison.Ordinal)
            ? new(
                RedisFaultKind.LoginRefused,
                "the login was refused: a password is given, but the server has none",
                "Take the password (such as REDIS_PASSWORD) away here, or set one there (requirepass).")
            : new(RedisFaultKind.LoginRefused, $"the login was refused ({CodeOf(reply)})", CheckPassword);

    /// <summary>The answer to SELECT.</summary>
    public static RedisFault OfSelect(string reply, int database) => CodeOf(reply) == "ERR"
        ? new(
            RedisFaultKind.NoDatabase,
            $"it has no database {database} ({Shorten(reply)})",
            "Choose another database, or raise 'databases' in the server's configuration; a cluster has only 0.")
        : OfReply(reply);

    /// <summary>The answer to ROLE, from a server that is not a primary.</summary>
    public static RedisFault Replica() => new(
        RedisFaultKind.Replica,
        "it is a read-only replica: subscribers of the primary would hear nothing, and state could not be saved",
        "Name the primary's host and port (such as REDIS_HOST), or wait until the fail-over is done.");

    /// <summary>The answer to any other command.</summary>
    public static RedisFault OfReply(string reply) => CodeOf(reply) switch
    {
        "NOAUTH" => new(RedisFaultKind.LoginRefused, "it wants a login and none was given (NOAUTH)", CheckPassword),
        "NOPERM" => new(
            RedisFaultKind.NotPermitted,
            $"the user may not do this (NOPERM: {Shorten(reply)})",
            "Allow it with ACL SETUSER: +evalsha +script|load; to publish +publish and the channels (&pattern), which "
            + "check names; for state +@read +@write +time and the keys ~streamactors:*."),
        "LOADING" => new(
            RedisFaultKind.Loading, "it is loading its data (LOADING)", "Nothing: it is tried until it is ready."),
        "READONLY" or "MASTERDOWN" => Replica(),
        "NOSCRIPT" => new(
            RedisFaultKind.UnknownScript, "it forgot the script (NOSCRIPT)", "Do not run SCRIPT FLUSH in a loop."),
        "BUSY" => new(
            RedisFaultKind.Refused, "a script blocks it (BUSY)", "Find who runs long scripts; SCRIPT KILL ends one."),
        "OOM" => new(
            RedisFaultKind.Refused, "it is out of memory (OOM)", "Raise maxmemory or free memory."),
        "MISCONF" => new(
            RedisFaultKind.Refused,
            "it takes no writes, since it could not save to its disk (MISCONF)",
            "Look at its log, and make room on its disk."),
        "WRONGTYPE" => new(
            RedisFaultKind.Refused,
            "a key is of another kind than ours (WRONGTYPE)",
            "Find who else writes to keys that begin with streamactors:, or choose another database."),
        _ => new(RedisFaultKind.Refused, $"it answered: {Shorten(reply)}", "Check the server's log and version."),
    };

    /// <inheritdoc/>
    public override string ToString() => $"{Problem}. {Remedy}";

    // What a server says that turns a connection away, or that is not ready: it never looked at the login.
    private static bool IsNoAnswerToLogin(string reply) =>
        CodeOf(reply) is "DENIED" or "LOADING" or "MASTERDOWN" or "BUSY"
        || reply.StartsWith("ERR max number of clients", StringComparison.Ordinal);

    private static string CodeOf(string reply)
    {
        var code = reply[..Math.Max(reply.IndexOf(' ', StringComparison.Ordinal), 0)];

        // What a script's command was refused for comes as ERR: first Redis 7.0's wording, then that of later ones.
        return code == "ERR" && (
            reply.StartsWith("ERR The user executing the script can't ", StringComparison.Ordinal)
            || reply.StartsWith("ERR ACL failure in script", StringComparison.Ordinal))
                ? "NOPERM"
                : code;
    }

    // An error may repeat a command's arguments, which here are payloads, and may be long.
    private static string Shorten(string reply)
    {
        var arguments = reply.IndexOf(", with args beginning with", StringComparison.Ordinal);
        var text = (arguments < 0 ? reply : reply[..arguments]).TrimEnd('.');
        return text.Length <= 200 ? text : $"{text.AsSpan(0, 200)}…";
    }

    private static Exception Innermost(Exception error) => error.GetBaseException();
}

/// <summary>Carries a fault to the next boundary: the sink, the store or the check.</summary>
internal sealed class RedisFaultException(RedisFault fault) : Exception(fault.ToString())
{
    public RedisFault Fault { get; } = fault;
}
