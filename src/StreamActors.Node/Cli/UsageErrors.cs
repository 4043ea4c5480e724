using System.CommandLine;

namespace StreamActors.Node.Cli;

/// <summary>Says what is wrong with a command line, and what was probably meant.</summary>
internal static class UsageErrors
{
    /// <summary>All mistakes, a line each, and where the help is.</summary>
    public static string Explain(ParseResult parsed)
    {
        var path = PathOf(parsed);
        var unknown = parsed.UnmatchedTokens.Select(token => Explain(token, parsed.CommandResult.Command, path)).ToList();
        var lines = unknown.Count > 0 ? unknown : [.. parsed.Errors.Select(static error => error.Message).Distinct()];
        return string.Join(Environment.NewLine, lines.Append($"See {path} --help."));
    }

    private static string Explain(string token, Command command, string path)
    {
        if (token.StartsWith('-'))
        {
            var options = command.Options.Concat(command.Parents.OfType<Command>().SelectMany(Recursive));
            return $"{path} has no option {token}.{Nearest.Hint(token, options.Select(static option => option.Name))}";
        }

        var commands = command.Subcommands.Where(static each => !each.Hidden).Select(static each => each.Name).ToList();
        return commands.Count == 0
            ? $"{path} takes no argument {token}."
            : $"{path} has no command {token}.{Nearest.Hint(token, commands)} Known: {string.Join(", ", commands)}.";
    }

    private static IEnumerable<Option> Recursive(Command command) =>
        command.Options.Where(static option => option.Recursive);

    private static string PathOf(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (Symbol? symbol = parsed.CommandResult.Command; symbol is Command and not RootCommand;)
        {
            names.Push(symbol.Name);
            symbol = symbol.Parents.FirstOrDefault();
        }

        return string.Join(' ', names.Prepend("streamactors"));
    }
}
