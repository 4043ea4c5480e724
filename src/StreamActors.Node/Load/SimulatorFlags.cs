using System.CommandLine;
using System.Security.Cryptography;
using StreamActors.Node.Cli;
using StreamActors.Pipelines.RideShare.Simulation;

namespace StreamActors.Node.Load;

/// <summary>The options of a simulated city, with the defaults of one command.</summary>
/// <param name="defaults">What holds where an option is not given.</param>
internal sealed class SimulatorFlags(WorldOptions defaults)
{
    private readonly Option<int?> drivers = NumberOption.Positive(
        "--drivers", "N", $"Drivers in the city; as many riders. Default: {Say.Count(defaults.Drivers)}.", 1_000_000);

    private readonly Option<int?> rate = NumberOption.Positive(
        "--rate",
        "N",
        "Events a second, all topics together; nine tenths are GPS pings. The city lives as fast as that takes; its "
        + $"events tell the time of the clock. Default: {Say.Count((int)defaults.Rate)}.",
        1_000_000);

    private readonly Option<int?> seed = NumberOption.Whole(
        "--seed",
        "N",
        "The same seed makes the same city, with the same event ids: run again within a minute, a node drops them as "
        + "duplicates. Default: drawn by chance.");

    private readonly Option<double?> malformed = NumberOption.Share(
        "--malformed", $"Share of events of which a broken copy is sent too. Default: {defaults.Malformed}.");

    private readonly Option<double?> duplicates = NumberOption.Share(
        "--duplicates", $"Share of events that are sent once more. Default: {defaults.Duplicates}.");

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (ReadOnlySpan<Option>)[drivers, rate, malformed, duplicates, seed])
        {
            command.Add(option);
        }
    }

    /// <summary>The city that was asked for; without a seed one that there was not before.</summary>
    public WorldOptions Read(ParseResult parsed) => defaults with
    {
        Drivers = parsed.GetValue(drivers) ?? defaults.Drivers,
        Rate = parsed.GetValue(rate) ?? defaults.Rate,
        Malformed = parsed.GetValue(malformed) ?? defaults.Malformed,
        Duplicates = parsed.GetValue(duplicates) ?? defaults.Duplicates,
        Seed = parsed.GetValue(seed) ?? RandomNumberGenerator.GetInt32(int.MaxValue),
    };

    /// <summary>How to have a city again.</summary>
    public static string SayAgain(WorldOptions world) => $"seed {world.Seed}: --seed {world.Seed} makes the same city";
}
