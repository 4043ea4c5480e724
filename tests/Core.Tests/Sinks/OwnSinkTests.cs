using StreamActors.Configuration;
using StreamActors.Core.Tests.Doubles;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Sinks;

/// <summary>A sink of the program's own, made in a scope of the host's services.</summary>
public sealed class OwnSinkTests
{
    [Fact]
    public async Task What_a_function_makes_ends_with_its_pipeline_and_then_its_scope()
    {
        var scopes = new Scopes();
        var sink = Open(new Connectors().AddSink("own", static scope => scope.Make<EndedSink>()), scopes);

        await sink.DisposeAsync();

        scopes.Log.ShouldBe(["sink", "scope"]);
    }

    [Fact]
    public async Task What_the_host_registered_is_ended_by_its_scope_alone()
    {
        var scopes = new Scopes();
        var sink = Open(new Connectors().AddSink<EndedSink>("own"), scopes);

        await sink.DisposeAsync();

        scopes.Log.ShouldBe(["scope"]);
    }

    [Fact]
    public async Task Each_pipeline_has_a_sink_and_a_scope_of_its_own()
    {
        var scopes = new Scopes();
        var connectors = new Connectors().AddSink<EndedSink>("own");
        await using var one = Open(connectors, scopes);
        await using var other = Open(connectors, scopes);

        scopes.Opened.ShouldBe(2);
        one.ShouldNotBeSameAs(other);
    }

    private static ISink Open(Connectors connectors, Scopes scopes)
    {
        var services = new EngineServices(TimeProvider.System, new Random(1), new NoThreads(), new RecordedEvents())
        {
            Scopes = scopes,
        };
        return connectors.All.ShouldHaveSingleItem().Read(new SettingsReader()).Sink!("p", services);
    }

    private sealed class Scopes : IScopes
    {
        public List<string> Log { get; } = [];

        public int Opened { get; private set; }

        public IScope Open()
        {
            Opened++;
            return new Scope(Log);
        }
    }

    private sealed class Scope(List<string> log) : IScope
    {
        public T Make<T>()
            where T : class => (T)(object)new EndedSink(log);

        public ValueTask DisposeAsync()
        {
            log.Add("scope");
            return ValueTask.CompletedTask;
        }
    }

    private sealed class EndedSink(List<string> log) : ISink
    {
        public string Name => "own";

        public Task DeliverAsync(OutputBatch batch, CancellationToken stop) => Task.CompletedTask;

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => ValueTask.FromResult(true);

        public ValueTask DisposeAsync()
        {
            log.Add("sink");
            return ValueTask.CompletedTask;
        }
    }
}
