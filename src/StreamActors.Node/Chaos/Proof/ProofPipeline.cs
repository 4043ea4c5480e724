namespace StreamActors.Node.Chaos;

/// <summary>
/// A pipeline made for proof: what comes out of it tells whether an effect was lost, applied twice or out of order.
/// <code>
/// RUN-chain ─▶ dedup ─▶ entity ─▶ RUN-proof, and published to Redis
/// RUN-calls ─▶ dedup ─▶ slow service ─▶ entity ─▶ RUN-proof
/// </code>
/// </summary>
internal static class ProofPipeline
{
    /// <summary>Its name, in the settings too.</summary>
    public const string Name = "proof";

    /// <summary>The setting that names the run, and so the topics.</summary>
    public const string RunSetting = "Chaos:Run";

    private static readonly TimeSpan DedupWindow = TimeSpan.FromMinutes(10);

    /// <summary>Defines it.</summary>
    public static void Define(PipelineBuilder pipeline)
    {
        var topics = new ProofTopics(pipeline.Settings.Text(RunSetting, "chaos"));
        var proof = Kafka.Kafka.Topic(topics.Proof, Json.Of<Proof>());
        pipeline.From(topics.Of(Feed.Chain), Json.Of<Effect>())
            .DedupById(static effect => effect.Id, DedupWindow)
            .Entity<Chain, ChainState, Proof>()
            .To(proof, Redis.Redis.Publish(topics.Proof, Json.Of<Proof>()))
            .DeadLetters(topics.DeadLetters);
        pipeline.From(topics.Of(Feed.Calls), Json.Of<Effect>())
            .DedupById(static effect => effect.Id, DedupWindow)
            .MapAsync<SlowService, Effect>(SlowService.Options)
            .Entity<CalledChain, ChainState, Proof>()
            .To(proof)
            .DeadLetters(topics.DeadLetters);
    }
}

/// <summary>The topics of a run.</summary>
/// <param name="Run">The run's name.</param>
internal sealed record ProofTopics(string Run)
{
    /// <summary>Where the proofs of both routes go.</summary>
    public string Proof => $"{Run}-proof";

    /// <summary>Where a record goes that is given up: none may.</summary>
    public string DeadLetters => $"{Run}-dead-letters";

    /// <summary>What a route reads.</summary>
    public string Of(Feed feed) => $"{Run}-{feed.Name}";
}
