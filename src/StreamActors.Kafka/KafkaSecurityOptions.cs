using Confluent.Kafka;

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

    internal void AddProblems(List<string> problems)
    {
        if (LogsIn && (string.IsNullOrEmpty(User) || string.IsNullOrEmpty(Password)))
        {
            problems.Add($"The Kafka security protocol {Protocol} needs a user and a password.");
        }

        if (CaFile is not null && !File.Exists(CaFile))
        {
            problems.Add($"The file of Kafka certificate authorities, {CaFile}, does not exist.");
        }
    }
}
