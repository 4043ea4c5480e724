using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StreamActors.Hosting;

namespace StreamActors.Testing;

/// <summary>What outlives the process under test: clock, topics, sinks, the trace, and how to make another.</summary>
internal sealed class Surroundings
{
    private readonly Action<IServiceCollection>? addServices;
    private readonly Dictionary<string, MemorySink> sinks = new(StringComparer.Ordinal);

    public Surroundings(
        Action<PipelineBuilder> define, Action<IServiceCollection>? addServices, PipelineTestOptions options)
    {
        this.addServices = addServices;
        Define = define;
        Options = options;
        Time = options.Time ?? new VirtualTime();
        Random = new Random(options.Seed);
        Trace = new TraceLog(Time);
        Topics = new Topics(Time, options.Partitions);
        Reports = new Reports(Trace, Topics);
    }

    public PipelineTestOptions Options { get; }

    /// <summary>Composes the pipeline of the next process.</summary>
    public Action<PipelineBuilder> Define { get; set; }

    private IConfiguration Configuration => Options.Configuration ?? new ConfigurationManager();

    public VirtualTime Time { get; }

    public Random Random { get; }

    public TraceLog Trace { get; }

    public Topics Topics { get; }

    public Reports Reports { get; }

    /// <summary>Keeps the state of shards, unless the pipeline wants none.</summary>
    public MemoryStateStore Store { get; } = new();

    /// <summary>How many entities of a kind a shard reads before it handles records: as in production.</summary>
    public int ReadAtOnce { get; set; } = 10_000;

    /// <summary>The names of the sinks that a process has opened.</summary>
    public IReadOnlyCollection<string> SinkNames => sinks.Keys;

    /// <summary>The sink that stands in for a connector's.</summary>
    public MemorySink Sink(string name) =>
        sinks.TryGetValue(name, out var sink) ? sink : sinks[name] = new MemorySink(name, Topics, Trace);

    /// <summary>What waits for a sink, a sentence each.</summary>
    public IEnumerable<string> SinkTroubles => sinks.Values.Select(static sink => sink.Trouble).OfType<string>();

    /// <summary>Composes the pipeline and configures it; called for each process anew.</summary>
    public PipelineBuilder Compose() => Composition.Compose(Options.Name, Define, Configuration);

    /// <summary>
    /// The services of a new process: the clock, the configuration, logs that go nowhere, and what the test adds.
    /// </summary>
    public ServiceProvider MakeServices()
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton(Configuration);
        services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        addServices?.Invoke(services);
        return services.BuildServiceProvider();
    }
}
