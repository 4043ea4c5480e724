using StreamActors.Configuration;

namespace StreamActors.Redis;

/// <summary>How to reach a Redis server. Its text form hides the password, so it may be logged.</summary>
public sealed record RedisOptions
{
    /// <summary>The server's host name or address.</summary>
    public string Host { get; init; } = "localhost";

    /// <summary>The server's port.</summary>
    public int Port { get; init; } = 6379;

    /// <summary>The ACL user (Redis 6 and later); null logs in as the user <c>default</c>.</summary>
    public string? User { get; init; }

    /// <summary>The password; null or empty sends no AUTH at all.</summary>
    public string? Password { get; init; }

    /// <summary>
    /// The number of the database. Channels belong to no database, so it matters to stored state, not to subscribers.
    /// </summary>
    public int Database { get; init; }

    /// <summary>Whether to speak TLS. The server's certificate must name <see cref="Host"/>.</summary>
    public bool Tls { get; init; }

    /// <summary>
    /// A PEM file with the only authorities to trust; null trusts the system's. It is read at every connect, so that a
    /// renewed file needs no restart.
    /// </summary>
    public string? TlsCaFile { get; init; }

    /// <summary>How long a connect may take, TLS and login included; then the attempt counts as failed.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long one script call may take from its start to its answer. A server that takes longer is taken for dead:
    /// the connection is dropped with all that is unanswered on it, which is then published again. So it should be
    /// well above the server's slowest moments (a fork, a large key's deletion).
    /// </summary>
    public TimeSpan OperationTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>host:port</c>, as messages and logs name the server.</summary>
    internal string Endpoint => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    /// <summary>Reads the options over those that the code gives; mistakes are the reader's.</summary>
    internal static RedisOptions Read(SettingsReader reader, RedisOptions given)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(given);
        var (shortest, longest) = (TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1));
        var options = new RedisOptions
        {
            Host = reader.Text(nameof(Host), given.Host),
            Port = reader.Number(nameof(Port), given.Port, 1, ushort.MaxValue),
            User = reader.Optional(nameof(User), given.User),
            Password = reader.OptionalSecret(nameof(Password), given.Password),
            Database = reader.Number(nameof(Database), given.Database, 0),
            Tls = reader.Flag(nameof(Tls), given.Tls),
            TlsCaFile = reader.Optional(nameof(TlsCaFile), given.TlsCaFile),
            ConnectTimeout = reader.Time(nameof(ConnectTimeout), given.ConnectTimeout, shortest, longest),
            OperationTimeout = reader.Time(nameof(OperationTimeout), given.OperationTimeout, shortest, longest),
        };
        Require(!string.IsNullOrWhiteSpace(options.Host), "The Redis host is empty.");
        Require(options.User is null || options.Password is not null, "A Redis user is given without a password.");
        Require(options.TlsCaFile is null || options.Tls, "A Redis CA file is given, but TLS is off.");
        return options;

        void Require(bool holds, string otherwise)
        {
            if (!holds)
            {
                reader.Mistake(otherwise);
            }
        }
    }

    /// <summary>Everything that is wrong with the options, a sentence each; empty when nothing is.</summary>
    public IReadOnlyList<string> Problems()
    {
        var reader = new SettingsReader();
        Read(reader.Section("Redis"), this);
        return reader.Mistakes;
    }

    /// <summary>The options for a log. The compiler's version would print the password.</summary>
    public override string ToString()
    {
        var login = $"{User ?? "default"}{(string.IsNullOrEmpty(Password) ? " without a password" : ":***")}";
        var tls = Tls ? $", TLS trusting {TlsCaFile ?? "the system's authorities"}" : "";
        return $"redis {Endpoint} as {login}, database {Database}{tls}, "
            + $"time-outs {ConnectTimeout} to connect and {OperationTimeout} a call";
    }
}
