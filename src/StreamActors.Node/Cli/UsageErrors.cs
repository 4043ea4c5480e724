using System.CommandLine;
using System.CommandLine.Parsing;
using StreamActors.Hosting;

namespace StreamActors.Node.Cli;

/// <summary>Says what is wrong with a command line, and what was probably meant.</summary>
internal static class UsageErrors
{
    /// <summary>All mistakes, a line each, and where the help is.</summary>
    public static string Explain(ParseResult parsed)
    {
        var (path, command) = (PathOf(parsed), parsed.CommandResult.Command);

        // After an unknown command, the rest is most likely for it; after an unknown option, an unknown argument is
        // most likely its value.
        var options = parsed.UnmatchedTokens.Where(IsOption).Concat(Swallowed(parsed.CommandResult)).ToList();
        var unknown = command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [var first, ..] && !IsOption(first)
            ? [first]
            : options.Count > 0 ? options : parsed.UnmatchedTokens;
        var lines = unknown.Count > 0
            ? unknown.Select(token => Explain(token, command, path))
            : parsed.Errors.Select(error => Explain(error, command, path)).Distinct();
        return string.Join(Environment.NewLine, lines.Append($"See {path} --help."));
    }

    /// <summary>Makes an option that a command does not have a mistake, rather than the value of an argument.</summary>
    public static void RefuseOptionsAsArguments(Command command)
    {
        command.Validators.Add(static result =>
        {
            foreach (var token in Swallowed(result))
            {
                result.AddError(token);
            }
        });
        foreach (var each in command.Subcommands)
        {
            RefuseOptionsAsArguments(each);
        }
    }

    private static IEnumerable<string> Swallowed(CommandResult result) => result.Children
        .OfType<ArgumentResult>()
        .SelectMany(static argument => argument.Tokens)
        .Select(static token => token.Value)
        .Where(IsOption);

    private static bool IsOption(string token) => token.StartsWith('-');

    private static string Explain(ParseError error, Command command, string path) => error.SymbolResult switch
    {
        ArgumentResult { Tokens.Count: 0 } missing =>
            $"{path} needs a {missing.Argument.Name}. {missing.Argument.Description}",
        CommandResult when command is { Action: null, Subcommands.Count: > 0 } =>
            $"{path} needs a command: {Known(command)}.",
        _ => error.Message,
    };

    private static string Explain(string token, Command command, string path)
    {
        if (IsOption(token))
        {
            var options = command.Options.Concat(command.Parents.OfType<Command>().SelectMany(Recursive));
            return $"{path} has no option {token}.{Nearest.Hint(token, options.Select(static option => option.Name))}";
        }

        return command.Subcommands.Count == 0
            ? $"{path} takes no argument {token}."
            : $"{path} has no command {token}."
                + Nearest.Hint(token, command.Subcommands.Select(static each => each.Name))
                + $" Known: {Known(command)}.";
    }

    private static string Known(Command command) =>
        string.Join(", ", command.Subcommands.Where(static each => !each.Hidden).Select(static each => each.Name));

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
