namespace StreamActors.Pipelines.RideShare.Simulation;

/// <summary>
/// Seeded chance: SplitMix64 (Steele, Lea, Flood 2014), so that a seed means the same bytes on every runtime.
/// </summary>
internal sealed class Chance(int seed)
{
    private ulong state = (ulong)seed;

    /// <summary>64 random bits.</summary>
    public ulong Bits()
    {
        state += 0x9E3779B97F4A7C15;
        var bits = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return bits ^ (bits >> 31);
    }

    /// <summary>A number from 0 to below a bound.</summary>
    public int Below(int bound) => (int)Math.BigMul(Bits(), (ulong)bound, out _);

    /// <summary>Whether something of a probability happens.</summary>
    public bool Happens(double probability) => (Bits() >> 11) * (1.0 / (1UL << 53)) < probability;

    /// <summary>A random UUID (version 4), the first digit highest.</summary>
    public UInt128 Id()
    {
        const ulong version = 0x4000;
        const ulong variant = 1UL << 63;
        return new UInt128((Bits() & ~0xF000UL) | version, (Bits() >> 2) | variant);
    }
}
