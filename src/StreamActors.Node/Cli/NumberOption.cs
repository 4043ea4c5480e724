using System.CommandLine;
using System.Globalization;

namespace StreamActors.Node.Cli;

/// <summary>Options that are numbers within bounds; a mistake names option, value and range.</summary>
internal static class NumberOption
{
    /// <summary>A whole number from 1 up.</summary>
    public static Option<int?> Positive(string name, string unit, string description, int max = int.MaxValue)
    {
        var range = max == int.MaxValue ? "from 1 up" : $"from 1 to {max}";
        return Number<int?>(name, unit, description, $"a whole number {range}", text =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= 1 && number <= max ? number : null);
    }

    /// <summary>A whole number between two.</summary>
    public static Option<int?> Between(string name, string unit, string description, int min, int max) =>
        Number<int?>(name, unit, description, $"a whole number from {min} to {max}", text =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= min && number <= max ? number : null);

    /// <summary>Any whole number.</summary>
    public static Option<int?> Whole(string name, string unit, string description) =>
        Number<int?>(name, unit, description, "a whole number", static text =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? number
                : null);

    /// <summary>A share from 0 to 1.</summary>
    public static Option<double?> Share(string name, string description) =>
        Number<double?>(name, "SHARE", description, "a number from 0 to 1, such as 0.01", static text =>
            double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number is >= 0 and <= 1 ? number : null);

    /// <summary>A number of seconds: none, or up to a day; fractions allowed.</summary>
    public static Option<double?> Seconds(string name, string description) =>
        Number<double?>(name, "SECONDS", description, "a number of seconds from 0 to 86400", static text =>
            double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number is >= 0 and <= 86_400 ? number : null);

    /// <summary>A number of minutes above 0, up to a day; fractions allowed.</summary>
    public static Option<double?> Minutes(string name, string description) =>
        Number<double?>(name, "MINUTES", description, "a number of minutes above 0, up to 1440", static text =>
            double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number is > 0 and <= 1440 ? number : null);

    private static Option<T> Number<T>(
        string name, string unit, string description, string range, Func<string, T> read) => new(name)
        {
            Description = description,
            HelpName = unit,
            CustomParser = result =>
            {
                var text = result.Tokens[^1].Value;
                var number = read(text);
                if (number is null)
                {
                    result.AddError($"{name} is \"{text}\": it must be {range}.");
                }

                return number;
            },
        };
}
