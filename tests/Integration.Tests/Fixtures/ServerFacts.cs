namespace StreamActors.Tests.Fixtures;

/// <summary>A test against a real Kafka; skipped, with the reason, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KafkaFactAttribute : FactAttribute
{
    /// <summary>The test starts a cluster of its own.</summary>
    public bool Dedicated { get; set; }

    /// <summary>The test needs a Redis server too.</summary>
    public bool Redis { get; set; }

    /// <summary>Run with <c>--long</c> only.</summary>
    public bool Long { get; set; }

    public override string? Skip
    {
        get => base.Skip ?? ServerFacts.WhyNot(Dedicated, Redis, Long);
        set => base.Skip = value;
    }
}

/// <summary>A theory against a real Kafka; skipped, with the reason, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KafkaTheoryAttribute : TheoryAttribute
{
    /// <inheritdoc cref="KafkaFactAttribute.Dedicated"/>
    public bool Dedicated { get; set; }

    /// <inheritdoc cref="KafkaFactAttribute.Redis"/>
    public bool Redis { get; set; }

    /// <inheritdoc cref="KafkaFactAttribute.Long"/>
    public bool Long { get; set; }

    public override string? Skip
    {
        get => base.Skip ?? ServerFacts.WhyNot(Dedicated, Redis, Long);
        set => base.Skip = value;
    }
}

/// <summary>A test against a real Redis server; skipped, with the reason, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RedisFactAttribute : FactAttribute
{
    /// <inheritdoc cref="KafkaFactAttribute.Long"/>
    public bool Long { get; set; }

    public override string? Skip
    {
        get => base.Skip ?? (Long ? LongTests.WhyNot : null) ?? RealRedis.WhyNot;
        set => base.Skip = value;
    }
}

/// <summary>A theory against a real Redis server; skipped, with the reason, where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RedisTheoryAttribute : TheoryAttribute
{
    public RedisTheoryAttribute() => Skip = RealRedis.WhyNot;
}

internal static class ServerFacts
{
    public static string? WhyNot(bool dedicated, bool redis, bool isLong) =>
        (isLong ? LongTests.WhyNot : null)
        ?? (dedicated ? KafkaOffer.Dedicated : KafkaOffer.Shared).WhyNot
        ?? (redis ? RealRedis.WhyNot : null);
}
