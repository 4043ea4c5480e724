using System.Globalization;
using Confluent.Kafka;

namespace StreamActors.Kafka;

/// <summary>What librdkafka's errors mean to the one who has to mend them.</summary>
/// <param name="What">A sentence that says what is wrong.</param>
/// <param name="Remedy">A sentence that says what to do; empty when nothing but waiting helps.</param>
internal readonly record struct KafkaFault(string What, string Remedy)
{
    /// <summary>Both sentences.</summary>
    public override string ToString() => Remedy.Length == 0 ? What : $"{What} {Remedy}";

    /// <summary>How well the error knows its cause: a failed log-in says more than "all brokers are down".</summary>
    public static int Weight(Error error) => error.Code switch
    {
        ErrorCode.Local_Authentication or ErrorCode.Local_Ssl or ErrorCode.SaslAuthenticationFailed => 3,
        ErrorCode.Local_Resolve => 2,
        _ when Has(error.Reason ?? "", "in state APIVERSION") || Has(error.Reason ?? "", "handshake failed")
            || RefusesRequests(error.Reason ?? "") => 2,
        ErrorCode.Local_AllBrokersDown or ErrorCode.Local_TimedOut => 0,
        _ => 1,
    };

    /// <summary>Explains an error.</summary>
    public static KafkaFault Explain(Error error, KafkaOptions options)
    {
        var said = error.Reason ?? "";
        return error.Code switch
        {
            ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed => LogIn(said, options.Security),
            ErrorCode.Local_Ssl => Tls(said, options.Security),
            ErrorCode.Local_Resolve => new(
                $"A Kafka host name cannot be resolved ({said}).", "Check the bootstrap servers and the DNS."),
            ErrorCode.Local_Transport or ErrorCode.Local_AllBrokersDown or ErrorCode.Local_TimedOut
                => Connection(said, options),
            ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed
                or ErrorCode.ClusterAuthorizationFailed => new(
                $"Kafka does not allow it to {options.Security.User ?? "this client"} ({error.Code.GetReason()}).",
                "Grant the right with kafka-acls, or use another user."),
            ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic => new(
                $"A topic does not exist ({said}).", "It is waited for; create it, or check its name."),
            _ => new($"Kafka reports: {(said.Length == 0 ? error.Code.GetReason() : said)} ({error.Code}).", ""),
        };
    }

    /// <summary>Explains why librdkafka makes no client of the options; it names settings by its own names.</summary>
    public static KafkaFault Refused(string said, KafkaOptions options) => new(
        $"The Kafka client refuses its settings: {said.TrimEnd('.')}.",
        Has(said, "ssl.ca.location")
            ? $"Check that {options.Security.CaFile} holds PEM certificates (such as KAFKA_SSL_CA_LOCATION)."
            : "Correct the setting that it names.");

    private static KafkaFault LogIn(string said, KafkaSecurityOptions security) => said switch
    {
        _ when Has(said, "Unsupported SASL mechanism") || Has(said, "mechanism handshake failed") => new(
            $"The Kafka brokers do not accept the SASL mechanism {security.Mechanism} ({said}).",
            "Choose one that they name (such as KAFKA_SASL_MECHANISM)."),
        _ => new(
            $"The Kafka brokers refuse the user {security.User} ({said}).",
            "Check the user and the password (such as KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD), and that the user "
            + "exists for this mechanism."),
    };

    private static KafkaFault Tls(string said, KafkaSecurityOptions security) => said switch
    {
        _ when Has(said, "certificate verify failed") || Has(said, "could not be verified") => new(
            $"The Kafka brokers' certificate is not trusted ({said}).",
            security.CaFile is null
                ? "Name the file of the authority that signed it (such as KAFKA_SSL_CA_LOCATION)."
                : $"Check that {security.CaFile} holds the authority that signed it, and that the host name is in it."),
        _ when Has(said, "PLAINTEXT") || Has(said, "wrong version number") || Has(said, "Disconnected") => new(
            $"The Kafka port does not speak TLS ({said}).",
            "Use the brokers' TLS port, or a security protocol without TLS (such as KAFKA_SECURITY_PROTOCOL)."),
        _ => new(
            $"The TLS connection to Kafka failed ({said}).", "Check the protocol and the certificate authorities."),
    };

    private static KafkaFault Connection(string said, KafkaOptions options) => said switch
    {
        _ when Has(said, "SSL handshake failed") => Tls(said, options.Security),    // the peer hung up
        _ when Has(said, "incorrect security.protocol")
            || (Has(said, "Disconnected") && Has(said, "in state APIVERSION")) => new(
            $"The Kafka port closes connections at once ({said}).",
            "It probably expects TLS: set the security protocol to "
            + (options.Security.LogsIn ? "SASL_SSL" : "SSL, or SASL_SSL with a user and a password")
            + " (such as KAFKA_SECURITY_PROTOCOL)."),
        _ when RefusesRequests(said) && !options.Security.LogsIn => new(
            $"The Kafka broker closes the connection at the first request that comes without a log-in ({said}).",
            "It probably expects one: set the security protocol to "
            + (options.Security.Encrypts ? "SASL_SSL" : "SASL_PLAINTEXT")
            + ", the user and the password (such as KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_USERNAME and "
            + "KAFKA_SASL_PASSWORD)."),
        _ when Has(said, "refused") => new(
            $"Nothing listens at the Kafka port ({said}).", "Start the broker, or check the host and the port."),
        _ => new(
            $"No Kafka broker answers at {options.BootstrapServers}" + (said.Length == 0 ? "." : $" ({said})."),
            "Check that the brokers run and that the network lets you through."),
    };

    // A broker answers anybody's question for its versions, which brings the connection up, and closes it at any other
    // request of one that has to log in first: "Disconnected: … (after 3ms in state UP". The time tells it from a
    // connection that broke later.
    private static bool RefusesRequests(string said)
    {
        var end = said.IndexOf("ms in state UP", StringComparison.Ordinal);
        var start = said.LastIndexOf("(after ", StringComparison.Ordinal) + "(after ".Length;
        return Has(said, "Disconnected") && start < end
            && int.TryParse(said.AsSpan(start, end - start), CultureInfo.InvariantCulture, out var time) && time < 1000;
    }

    private static bool Has(string said, string part) => said.Contains(part, StringComparison.OrdinalIgnoreCase);
}
