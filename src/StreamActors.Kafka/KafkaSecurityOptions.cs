using Confluent.Kafka;
using StreamActors.Configuration;

namespace StreamActors.Kafka;

/// <summary>Encryption and log-in. The password is in no text that this type or the connector makes.</summary>
public sealed record KafkaSecurityOptions
{
    /// <summary>Whether connections are encrypted (<c>Ssl</c>, <c>SaslSsl</c>), log in (<c>Sasl…</c>).</summary>
    public SecurityProtocol Protocol { get; init; } = SecurityProtocol.Plaintext;

    /// <summary>How to log in: <c>Plain</c>, <c>ScramSha256</c> or <c>ScramSha512</c>; others by settings.</summary>
    public SaslMechanism Mechanism { get; init; } = SaslMechanism.Plain;

    /// <summary>The user; needed by the SASL protocols.</summary>
    public string? User { get; init; }

    /// <summary>The user's password; needed by the SASL protocols.</summary>
    public string? Password { get; init; }

    /// <summary>A PEM file with the authorities to trust; null trusts those of the system.</summary>
    public string? CaFile { get; init; }

    /// <summary>Whether the protocol logs in.</summary>
    internal bool LogsIn => Protocol is SecurityProtocol.SaslPlaintext or SecurityProtocol.SaslSsl;

    /// <summary>Whether the protocol encrypts.</summary>
    internal bool Encrypts => Protocol is SecurityProtocol.Ssl or SecurityProtocol.SaslSsl;

    /// <summary>The protocol and, where it logs in, the mechanism and the user; never the password.</summary>
    public override string ToString() => LogsIn ? $"{Protocol}, {Mechanism} as {User}" : $"{Protocol}";

    internal static KafkaSecurityOptions Read(SettingsReader reader, KafkaSecurityOptions given)
    {
        var options = new KafkaSecurityOptions
        {
            Protocol = reader.OneOf(nameof(Protocol), given.Protocol),
            Mechanism = reader.OneOf(nameof(Mechanism), given.Mechanism),
            User = reader.Optional(nameof(User), given.User),
            Password = reader.OptionalSecret(nameof(Password), given.Password),
            CaFile = reader.Optional(nameof(CaFile), given.CaFile),
        };
        if (options.LogsIn && (options.User is null || options.Password is null))
        {
            reader.Mistake($"The Kafka security protocol {options.Protocol} needs a user and a password.");
        }

        if (options.CaFile is not null && !File.Exists(options.CaFile))
        {
            reader.Mistake($"The file of Kafka certificate authorities, {options.CaFile}, does not exist.");
        }

        return options;
    }
}
