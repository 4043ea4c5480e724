using System.Text;
using Microsoft.Extensions.Configuration;
using StreamActors.Configuration;
using StreamActors.Limits;

namespace StreamActors.Hosting;

/// <summary>
/// The pipelines of a host, composed and configured: what each setting is, and all that is wrong, found before anything
/// connects. Code sets, configuration wins. Ask the host's services for it.
/// </summary>
internal sealed class Composition
{
    /// <summary>The section of a host's configuration that is ours alone.</summary>
    internal const string Root = "StreamActors";

    private const string PipelinesSection = "Pipelines";
    private const StringComparison Ignoring = StringComparison.OrdinalIgnoreCase;

    /// <summary>The sections of the project's connectors, each added by a method of its name.</summary>
    private static readonly string[] KnownConnectors = ["Kafka", "Redis"];

    private readonly StreamActorsBuilder node;
    private readonly ConfigurationSettings source;
    private readonly Dictionary<string, PipelineSettings> code = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<SettingsReader> asked = [];    // by the code of the pipelines
    private readonly List<string> mistakes = [];

    /// <summary>Composes and checks.</summary>
    /// <param name="node">What was registered.</param>
    /// <param name="configuration">The host's.</param>
    /// <param name="files">The reference files, which are read by now.</param>
    internal Composition(StreamActorsBuilder node, IConfiguration configuration, IEnumerable<IReferenceFile> files)
    {
        this.node = node;
        source = new ConfigurationSettings(configuration);
        var builders = Compose();
        var reading = Read();
        mistakes.AddRange(reading.Mistakes);
        Settings = reading.Settings;
        foreach (var builder in builders)
        {
            reading.Pipelines[builder.Name].ApplyTo(builder);
        }

        Pipelines = [.. builders.Select(builder => new ComposedPipeline(builder, reading.Peers[builder.Name]))];
        foreach (var pipeline in Pipelines)
        {
            mistakes.AddRange(pipeline.Mistakes().Select(each => $"The pipeline {pipeline.Builder.Name}: {each}"));
        }

        mistakes.AddRange(SharedGroups());
        mistakes.AddRange(files.Select(static file => file.Mistake).OfType<string>());
    }

    /// <summary>The pipelines.</summary>
    internal IReadOnlyList<ComposedPipeline> Pipelines { get; }

    /// <summary>Every setting, as it was at the start.</summary>
    public IReadOnlyList<Setting> Settings { get; }

    /// <summary>Everything that is wrong, a sentence each.</summary>
    public IReadOnlyList<string> Mistakes => mistakes;

    /// <summary>
    /// The page of <c>--print-config</c>: every setting, and what the limits of each pipeline add up to.
    /// </summary>
    public string Page() => ConfigPage.Write(Settings) + string.Concat(Pipelines.Select(static each => each.Memory()));

    /// <summary>Says all that is wrong in one exception, a line each; without a mistake it does nothing.</summary>
    /// <exception cref="PipelineException">Something is wrong.</exception>
    public void ThrowIfAnyMistake()
    {
        if (mistakes.Count > 0)
        {
            throw new PipelineException(string.Join(Environment.NewLine, mistakes));
        }
    }

    /// <summary>The name of the setting that bounds a pipeline's rate.</summary>
    internal static string RateOf(string pipeline) =>
        $"{Root}:{PipelinesSection}:{pipeline}:{nameof(PipelineSettings.MaxRecordsPerSecond)}";

    /// <summary>
    /// Composes and configures one pipeline alone, as a host does, for a test: what is wrong with its settings is among
    /// the builder's mistakes. The peers, and their settings, are not looked at.
    /// </summary>
    internal static PipelineBuilder Compose(string name, Action<PipelineBuilder> define, IConfiguration configuration)
    {
        var given = new ConfigurationSettings(configuration);
        var builder = new PipelineBuilder(name, new SettingsReader(given));
        define(builder);
        var section = builder.Settings.Section(Root).Section(PipelinesSection).Section(name);
        PipelineSettings.Read(section, PipelineSettings.Of(builder)).ApplyTo(builder);
        var known = builder.Settings.Settings.Select(static setting => setting.Name).ToList();
        foreach (var unknown in given.All(section.NameOf("")[..^1]).Where(each => !IsKnown(each, known)))
        {
            builder.Settings.Mistake($"{unknown} is not a setting of this pipeline.{Nearest.Hint(unknown, known)}");
        }

        return builder;

        // Connectors of its own have sections there, which a test does not open.
        bool IsKnown(string full, List<string> known) =>
            known.Contains(full, StringComparer.OrdinalIgnoreCase)
            || KnownConnectors.Any(each => full.StartsWith(section.NameOf($"{each}:"), Ignoring));
    }

    /// <summary>Reads all settings as they are now. Nothing that was read before changes.</summary>
    internal Reading Read()
    {
        var reader = new SettingsReader(source);
        var root = reader.Section(Root);
        var shared = Peers(node.Connectors, root);
        var unnamed = new SettingsReader();
        var settings = new Dictionary<string, PipelineSettings>(StringComparer.OrdinalIgnoreCase);
        var peers = new Dictionary<string, IReadOnlyDictionary<string, Peer>>(StringComparer.OrdinalIgnoreCase);
        foreach (var pipeline in node.Pipelines.Where(pipeline => !settings.ContainsKey(pipeline.Name)))
        {
            var above = pipeline.OwnSettings is null ? root : unnamed.Section(Root);
            var section = above.Section(PipelinesSection).Section(pipeline.Name);
            var given = code[pipeline.Name];
            var standard = PipelineSettings.Standard(pipeline.Name, given.Maps.Keys);
            settings[pipeline.Name] = section.Over(given, standard, PipelineSettings.Read);
            peers[pipeline.Name] = pipeline.Connectors is { } own ? Peers(own, section) : shared;
        }

        var named = node.Pipelines.Select(static pipeline => pipeline.OwnSettings).OfType<SettingsReader>().ToList();
        List<string> wrong =
        [
            .. reader.Mistakes,
            .. Unknown([.. reader.Settings, .. asked.SelectMany(static each => each.Settings)]),
            .. named.SelectMany(static each => each.Mistakes),
            .. unnamed.Mistakes,
        ];
        var all = reader.Settings.Concat(named.SelectMany(static each => each.Settings))
            .Concat(asked.SelectMany(static each => each.Now()));
        return new Reading([.. all.DistinctBy(static setting => setting.Name)], wrong, settings, peers);
    }

    private static Dictionary<string, Peer> Peers(Connectors connectors, SettingsReader section) =>
        connectors.All.ToDictionary(
            static connector => connector.Name,
            connector => connector.Read(section.Section(connector.Section)));

    /// <summary>The first of each name; takes note of what their code sets.</summary>
    private List<PipelineBuilder> Compose()
    {
        var builders = new List<PipelineBuilder>();
        foreach (var pipeline in node.Pipelines)
        {
            var builder = new PipelineBuilder(pipeline.Name, new SettingsReader(source));
            if (pipeline.Name.Length == 0 || pipeline.Name.Contains(':', StringComparison.Ordinal))
            {
                mistakes.Add($"A pipeline is named \"{pipeline.Name}\": a name has at least a letter, and no colon.");
            }

            if (code.ContainsKey(pipeline.Name))
            {
                mistakes.Add($"Two pipelines are named {pipeline.Name}: give one of them another name.");
                continue;
            }

            try
            {
                pipeline.Define(builder);
            }
            catch (PipelineException error)
            {
                mistakes.Add($"The pipeline {pipeline.Name}: {error.Message}");
            }

            code[pipeline.Name] = PipelineSettings.Of(builder);
            asked.Add(builder.Settings);
            builders.Add(builder);
        }

        return builders;
    }

    /// <summary>
    /// Two members of a group with different topics would take each other's partitions away. On different brokers a
    /// name may stand twice: pipelines with peers of their own are not compared.
    /// </summary>
    private IEnumerable<string> SharedGroups() =>
        from pipeline in Pipelines
        where node.Pipelines.First(each => each.Name == pipeline.Builder.Name).Connectors is null
        group pipeline.Builder.Name by pipeline.Builder.GroupId into same
        where same.Count() > 1
        select $"The pipelines {string.Join(" and ", same)} have the same consumer group {same.Key}: each needs its "
            + $"own, such as by {Root}:{PipelinesSection}:{same.Last()}:{nameof(PipelineSettings.GroupId)}.";

    /// <summary>What is configured and nobody reads: most likely a name that was mistyped.</summary>
    private IEnumerable<string> Unknown(IReadOnlyList<Setting> known)
    {
        var names = known.Where(static setting => setting.Name.StartsWith(Root + ":", Ignoring))
            .Select(static setting => setting.Name[(Root.Length + 1)..]).ToList();
        var read = names.ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var full in source.All(Root))
        {
            var name = full[Math.Min(Root.Length + 1, full.Length)..];
            if (!read.Contains(name))
            {
                var from = source.Find(full) is { } found ? $" ({found.From})" : "";
                yield return MissingConnector(name) is { } missing
                    ? $"Add{missing}() is missing: without it {full}{from} is not a setting of this host. Add it, or "
                        + "take the setting out."
                    : SinkWithoutSettings(name) is { } sink
                    ? $"The sink {sink} reads no settings, so {full}{from} says nothing to anybody. Add it by "
                        + "AddSink(name, options, read, make), which reads some, or take the setting out."
                    : $"{full}{from} is not a setting of this host.{Hint(name, names)}";
            }
        }
    }

    /// <summary>The connector of the project that a setting is of, where the host does not have it.</summary>
    private string? MissingConnector(string name) => Array.Find(
        KnownConnectors,
        connector => name.StartsWith($"{connector}:", StringComparison.OrdinalIgnoreCase)
            && !node.Connectors.All.Any(added => added.Section == connector));

    /// <summary>The sink in whose section a setting stands, where it was added without settings.</summary>
    private string? SinkWithoutSettings(string name) => node.Pipelines
        .Where(static pipeline => pipeline.Connectors is not null)
        .Select(static pipeline => (Above: $"{PipelinesSection}:{pipeline.Name}:", Connectors: pipeline.Connectors!))
        .Prepend((Above: "", node.Connectors))
        .SelectMany(static place => place.Connectors.All.Where(static connector => !connector.HasSettings)
            .Select(connector => (Section: $"{place.Above}{connector.Section}:", connector.Name)))
        .FirstOrDefault(each => name.StartsWith(each.Section, StringComparison.OrdinalIgnoreCase)).Name;

    private string Hint(string name, List<string> known) =>
        node.Pipelines.FirstOrDefault(each => each.OwnSettings is not null && IsBelow(name, each)) is { } own
            ? $" The pipeline {own.Name} takes its settings by names of its own."
            : Nearest.To(name, known) is { } near
                ? $" Did you mean {Root}:{near}?"
                : $" It has settings of {string.Join(", ", known.Select(SectionOf).Distinct())}: add the connector or "
                    + "the pipeline that is meant, or take the setting out.";

    private static bool IsBelow(string name, PipelineRegistration pipeline) =>
        name.StartsWith($"{PipelinesSection}:{pipeline.Name}:", StringComparison.OrdinalIgnoreCase);

    private static string SectionOf(string name) => name.Split(':') is [PipelinesSection, var pipeline, ..]
        ? $"{PipelinesSection}:{pipeline}"
        : name.Split(':')[0];
}

/// <summary>A pipeline, composed and configured.</summary>
/// <param name="Builder">Its composition.</param>
/// <param name="Peers">What it can read from and emit to, by connector names.</param>
internal sealed record ComposedPipeline(PipelineBuilder Builder, IReadOnlyDictionary<string, Peer> Peers)
{
    /// <summary>What is wrong with its routes and its peers, a sentence each.</summary>
    public IEnumerable<string> Mistakes()
    {
        var sinks = Peers.Where(static peer => peer.Value.Sink is not null).Select(static peer => peer.Key).ToList();
        string?[] own = [NoSource, NoStore];
        return [.. own.OfType<string>(), .. Builder.Mistakes(sinks)];
    }

    /// <summary>The connector that keeps its state; null = none does, or it has none.</summary>
    public string? Store => !Builder.HasState || Builder.Store == StreamActors.Store.None ? null
        : Builder.Store == StreamActors.Store.Auto ? Stores.FirstOrDefault()
        : Builder.Store;

    /// <summary>
    /// What it keeps in memory at most, of what its routes have: a line a route, and one for the rest.
    /// </summary>
    public string Memory()
    {
        var hasStore = Store is not null;
        var (limits, routes) = (Builder.Limits, Builder.Routes);
        var client = Peers.Values.Max(static peer => peer.BytesPerPartition);
        var page = new StringBuilder($"{Builder.Name} keeps in memory at most:\n");
        foreach (var route in routes)
        {
            IReadOnlyList<MemoryBound> parts =
                [new("client", client), .. MemoryBounds.OfPartition(route, limits, hasStore)];
            page.Append($"  a partition of {route.Topic}: {Sum(parts)}\n");
        }

        var toSend = Builder.Connectors.Sum(name => Peers.TryGetValue(name, out var peer) ? peer.BytesToSend : 0);
        IReadOnlyList<MemoryBound> rest =
            [new("outputs in clients", toSend), .. MemoryBounds.OfPipeline(routes, limits, hasStore)];
        page.Append($"  besides: {Sum(rest)}\n");
        if (routes.Any(static route => route.HasEntity))
        {
            page.Append($"  and the states of {limits.EntitiesPerShard} active entities a shard"
                + $"{(hasStore ? ", twice what of them changes between two saves" : "")}, by their own sizes\n");
        }

        return page.Replace("\n", Environment.NewLine).ToString();
    }

    private static string Sum(IReadOnlyList<MemoryBound> parts)
    {
        var counted = parts.Where(static part => part.Bytes > 0).ToList();
        return Megabytes(counted.Sum(static part => part.Bytes)) + (counted.Count == 0 ? ""
            : $" ({string.Join(" + ", counted.Select(static part => $"{Megabytes(part.Bytes)} {part.What}"))})");
    }

    private IEnumerable<string> Stores =>
        Peers.Where(static peer => peer.Value.Store is not null).Select(static peer => peer.Key);

    private string? NoSource => Peers.Values.Any(static peer => peer.Source is not null)
        ? null
        : "It has nothing to read from: add a source, such as AddKafka().";

    private string? NoStore
    {
        get
        {
            string[] known = [StreamActors.Store.Auto, StreamActors.Store.None, .. Stores];
            return known.Contains(Builder.Store)
                ? null
                : $"Its store is {Builder.Store}, which is not connected, or keeps no state: it can be "
                    + $"{string.Join(", ", known)}.";
        }
    }

    private static string Megabytes(long bytes) => FormattableString.Invariant($"{bytes / (1024.0 * 1024.0):0.#} MB");
}

/// <summary>The settings of a node at a moment.</summary>
/// <param name="Settings">Each of them.</param>
/// <param name="Mistakes">What is wrong with them.</param>
/// <param name="Pipelines">What they say of each pipeline, by name.</param>
/// <param name="Peers">The peers of each pipeline, by names.</param>
internal sealed record Reading(
    IReadOnlyList<Setting> Settings,
    IReadOnlyList<string> Mistakes,
    IReadOnlyDictionary<string, PipelineSettings> Pipelines,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, Peer>> Peers);
