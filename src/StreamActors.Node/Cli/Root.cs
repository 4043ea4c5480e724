using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using StreamActors.Node.Commands;

namespace StreamActors.Node.Cli;

/// <summary>The command line: every command, and the help of all.</summary>
internal static class Root
{
    private const string Examples = """
        Examples:
          streamactors demo                                  everything in one process, nothing to set up
          streamactors demo --kafka localhost:9092           the same, on a real Kafka
          streamactors check                                 would ride-share run here?
          streamactors run ride-share --print-config         every setting, its value and where it came from
          streamactors run ride-share                        the pipeline, until SIGTERM or Ctrl-C
          streamactors topics create --platform              the topics, with the platform's partitions
          streamactors state list                            what is stored, of whom, how old and how large
          streamactors reset ride-share --to earliest        what reading all again would do; --yes does it
          streamactors load ride-share --rate 20000          events of a simulated city for it
          streamactors chaos --minutes 5                     proof that nothing is lost, whatever dies

        Settings are environment variables, such as KAFKA_BOOTSTRAP_SERVERS, REDIS_HOST and API_PORT.
        Exit codes: 0 all is well, 1 something failed, 2 the command line or a setting is wrong.
        """;

    /// <summary>Makes the command line.</summary>
    public static RootCommand Make(CancellationToken stop)
    {
        var root = new RootCommand("StreamActors: an actor-model distributed stream processor over Kafka.")
        {
            RunCommand.Make(stop),
            DemoCommand.Make(stop),
            LoadCommand.Make(stop),
            CheckCommand.Make(stop),
            TopicsCommand.Make(stop),
            StateCommand.Make(stop),
            ResetCommand.Make(stop),
            BenchCommand.Make(stop),
            ChaosCommand.Make(stop),
        };
        UsageErrors.RefuseOptionsAsArguments(root);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpPage((HelpAction)help.Action!);
        return root;
    }

    /// <summary>The help that the library writes, and below that of the root the examples.</summary>
    private sealed class HelpPage(HelpAction written) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            written.MaxWidth = Math.Min(Ink.IsTerminal ? Console.WindowWidth : 100, 120);
            var command = parseResult.CommandResult.Command;
            foreach (var listed in command.Subcommands)
            {
                listed.Description = FirstSentence(listed.Description ?? "");
            }

            var code = written.Invoke(parseResult);
            if (command is RootCommand)
            {
                parseResult.InvocationConfiguration.Output.WriteLine(Examples);
            }

            return code;
        }

        /// <summary>What a list of commands says of each; the command's own help says the rest.</summary>
        private static string FirstSentence(string text)
        {
            var end = text.IndexOf(". ", StringComparison.Ordinal);
            return end < 0 ? text : text[..(end + 1)];
        }
    }
}
