namespace StreamActors.Simulation.Tests.World;

/// <summary>
/// The chance of a run. Each move brings its own seed: so what it does depends on it and on what it meets, and not on
/// how much chance the moves before it have used up; one that is left out changes as little as possible.
/// </summary>
internal sealed class Chance(int seed)
{
    private ulong state = (ulong)seed;

    /// <summary>Goes on as one that was made with this seed.</summary>
    public void Begin(int newSeed) => state = (ulong)newSeed;

    /// <summary>A number below a limit.</summary>
    public int Next(int below) => (int)(Draw() * (ulong)below >> 32);

    /// <summary>A number from one to below another.</summary>
    public int Next(int from, int below) => from + Next(below - from);

    /// <summary>A seed.</summary>
    public int NextSeed() => (int)(Draw() >> 1);

    /// <summary>A number from 0 to below 1.</summary>
    public double NextDouble() => Draw() / (double)(1UL << 32);

    // 32 bits of SplitMix64.
    private ulong Draw()
    {
        state += 0x9E3779B97F4A7C15;
        var mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return (mixed ^ (mixed >> 31)) >> 32;
    }
}
