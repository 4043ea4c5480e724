using System.Runtime.CompilerServices;

namespace StreamActors.Simulation.Tests.World;

/// <summary>What is held against the engine: the promises of DESIGN §4, and the contracts of its ports.</summary>
internal enum Promise
{
    /// <summary>Each record has its effect, and each output arrives.</summary>
    NoLoss,

    /// <summary>What was acknowledged comes again only after a failure.</summary>
    NoDuplicate,

    /// <summary>The outputs of a key come in the order of its records.</summary>
    Order,

    /// <summary>An entity's state is what its records and timers have made of it, each of them once.</summary>
    State,

    /// <summary>A timer fires once, at its time, and only for an entity that is there.</summary>
    Timers,

    /// <summary>Nothing is done for a partition that is not owned, and nothing of an ended epoch begins.</summary>
    Ownership,

    /// <summary>A commit has no record below it that is not done, and takes nothing back.</summary>
    Commits,

    /// <summary>Every limit is kept.</summary>
    Limits,

    /// <summary>Each record is counted once, and no gauge is left over.</summary>
    Counts,

    /// <summary>What nothing hinders comes to its end.</summary>
    Progress,

    /// <summary>Clients, sinks, stores, calls and scopes are used as their interfaces say.</summary>
    Contract,
}

/// <summary>A promise was broken.</summary>
internal sealed class BrokenPromiseException(Promise promise, string story) : Exception($"{promise}: {story}")
{
    public Promise Promise => promise;
}

/// <summary>
/// Watches over the promises of one run. It keeps the first that is broken: most are seen inside a call of the engine,
/// which handles exceptions.
/// </summary>
internal sealed class Promises
{
    public BrokenPromiseException? Broken { get; private set; }

    /// <summary>A promise is kept if this is so.</summary>
    /// <param name="promise">The promise.</param>
    /// <param name="isKept">Whether it is.</param>
    /// <param name="story">What has happened instead; written only where it has.</param>
    /// <exception cref="BrokenPromiseException">It is broken.</exception>
    public void Require(
        Promise promise, bool isKept, [InterpolatedStringHandlerArgument(nameof(isKept))] ref Story story)
    {
        if (!isKept)
        {
            var broken = new BrokenPromiseException(promise, story.ToString());
            Broken ??= broken;
            throw broken;
        }
    }
}

/// <summary>A text that is not written where nobody will read it.</summary>
[InterpolatedStringHandler]
internal ref struct Story
{
    private DefaultInterpolatedStringHandler text;

    public Story(int literals, int values, bool isKept, out bool isWanted)
    {
        isWanted = !isKept;
        text = isWanted ? new DefaultInterpolatedStringHandler(literals, values) : default;
    }

    public void AppendLiteral(string literal) => text.AppendLiteral(literal);

    public void AppendFormatted<T>(T value) => text.AppendFormatted(value);

    public override string ToString() => text.ToStringAndClear();
}
