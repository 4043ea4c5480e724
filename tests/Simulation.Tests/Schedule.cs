using System.Globalization;
using StreamActors.Simulation.Tests.World;

namespace StreamActors.Simulation.Tests;

/// <summary>What a move does.</summary>
internal enum MoveKind
{
    /// <summary>One of the turns, calls or completions that wait for a thread goes on.</summary>
    Turn,

    /// <summary>A member makes a round of its poll loop.</summary>
    Poll,

    /// <summary>Some milliseconds pass.</summary>
    Time,

    /// <summary>A partition gets records.</summary>
    Produce,

    /// <summary>The group gives partitions to others.</summary>
    Rebalance,

    /// <summary>A process joins.</summary>
    Start,

    /// <summary>A process leaves, as it should.</summary>
    Stop,

    /// <summary>A topic gets another partition.</summary>
    AddPartition,

    /// <summary>The coordinator gives up a member, which does not know.</summary>
    Fence,

    /// <summary>No thread of a process gets on for a while; a long one costs it its membership.</summary>
    Freeze,

    /// <summary>A process ends without a word.</summary>
    Kill,

    /// <summary>A client cannot go on.</summary>
    FailClient,

    /// <summary>Retention cuts a log in front of what was not read yet.</summary>
    Cut,

    /// <summary>A copy of the store that lags behind takes its place.</summary>
    StoreBack,

    /// <summary>No sink answers for a while.</summary>
    Outage,

    /// <summary>The group is made again: its generations begin anew.</summary>
    Regroup,

    /// <summary>A process joins whose program the stored state is not of.</summary>
    StartStranger,
}

/// <summary>One decision of a scenario.</summary>
/// <param name="Number">Its place in the schedule as it was drawn.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Seed">Decides all that is left open: of whom, how much, how long.</param>
internal readonly record struct Move(int Number, MoveKind Kind, int Seed);

/// <summary>
/// A scenario before it runs: a list of decisions. Each stands for itself, so that some can be left out and the others
/// still mean the same.
/// </summary>
internal sealed record Schedule(int Seed, Setting Setting, IReadOnlyList<Move> Moves)
{
    // A line for each kind, with its weight; in a gentle scenario the first ones alone.
    private static readonly (MoveKind Kind, int Weight)[] Calm =
        [(MoveKind.Turn, 400), (MoveKind.Poll, 250), (MoveKind.Time, 200), (MoveKind.Produce, 100)];

    private static readonly (MoveKind Kind, int Weight)[] Gentle =
        [(MoveKind.Rebalance, 14), (MoveKind.Start, 7), (MoveKind.Stop, 4), (MoveKind.AddPartition, 3)];

    private static readonly (MoveKind Kind, int Weight)[] Rough =
    [
        (MoveKind.Fence, 6), (MoveKind.Freeze, 8), (MoveKind.Kill, 4), (MoveKind.FailClient, 3), (MoveKind.Cut, 3),
        (MoveKind.StoreBack, 3), (MoveKind.Outage, 3), (MoveKind.Regroup, 1),
        (MoveKind.StartStranger, 4),
    ];

    /// <summary>The schedule of a seed.</summary>
    public static Schedule Draw(int seed)
    {
        var chance = new Chance(seed);
        var setting = Setting.Draw(chance);
        (MoveKind Kind, int Weight)[] kinds =
        [
            .. Calm,
            .. setting.Trouble == Trouble.None ? [] : Gentle,
            .. setting.Trouble == Trouble.Any ? Rough : [],
        ];
        var all = kinds.Sum(static kind => kind.Weight);
        var moves = Enumerable.Range(0, chance.Next(200, 900))
            .Select(number => new Move(number, Pick(kinds, chance.Next(all)), chance.NextSeed()));
        return new Schedule(seed, setting, [.. moves]);
    }

    /// <summary>
    /// The schedule that a text names: <c>123</c>, or <c>123:4,17-21</c> with these moves alone.
    /// </summary>
    public static Schedule Parse(string text)
    {
        var parts = text.Split(':');
        var whole = Draw(Number(parts[0]));
        if (parts.Length == 1)
        {
            return whole;
        }

        var kept = parts[1].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static range => range.Split('-'))
            .SelectMany(static range => Enumerable.Range(Number(range[0]), Number(range[^1]) - Number(range[0]) + 1))
            .ToHashSet();
        return whole with { Moves = [.. whole.Moves.Where(move => kept.Contains(move.Number))] };

        static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);
    }

    /// <summary>The text that <see cref="Parse"/> reads.</summary>
    public override string ToString()
    {
        var ranges = new List<(int From, int To)>();
        foreach (var number in Moves.Select(static move => move.Number))
        {
            var isNext = ranges.Count > 0 && ranges[^1].To == number - 1;
            ranges.Add((isNext ? ranges[^1].From : number, number));
            ranges.RemoveRange(ranges.Count - (isNext ? 2 : 1), isNext ? 1 : 0);
        }

        var texts = ranges.Select(static range =>
            range.From == range.To ? $"{range.From}" : $"{range.From}-{range.To}");
        return $"{Seed}:{string.Join(',', texts)}";
    }

    private static MoveKind Pick((MoveKind Kind, int Weight)[] kinds, int drawn)
    {
        foreach (var (kind, weight) in kinds)
        {
            if ((drawn -= weight) < 0)
            {
                return kind;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(drawn));
    }
}
