using System.Buffers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StreamActors.Configuration;
using StreamActors.Hosting;
using StreamActors.Kafka;
using StreamActors.Shards;
using StreamActors.Sinks;

namespace StreamActors.Pipelines.Tests.Hosting;

/// <summary>A sink of a third party has what Kafka's and Redis' have: settings, secrets, services.</summary>
public sealed class SinkSettingsTests
{
    [Fact]
    public void A_sink_of_a_third_party_reads_its_section_over_what_the_code_gives_and_its_secrets_are_masked()
    {
        var node = new StreamActorsBuilder().AddKafka()
            .AddSink("search", new SearchOptions { Url = new Uri("http://code"), Batch = 7 }, SearchOptions.Read, Make);

        var composition = Compose(
            node, ("StreamActors:search:url", "http://file"), ("StreamActors:Search:Auth:Token", "canary"));

        composition.Mistakes.ShouldBeEmpty();
        var settings = composition.Settings.ToDictionary(static each => each.Name);
        settings["StreamActors:Search:Url"].ShouldSatisfyAllConditions(
            static each => each.Value.ShouldBe("http://file"), static each => each.From.ShouldBe("memory"));
        settings["StreamActors:Search:Batch"].ShouldSatisfyAllConditions(
            static each => each.Value.ShouldBe("7"), static each => each.From.ShouldBe("code"));
        settings["StreamActors:Search:Timeout"].From.ShouldBeNull("nobody set it");
        settings["StreamActors:Search:Auth:Token"].Value.ShouldBe("********");
        composition.Page().ShouldNotContain("canary");
    }

    [Fact]
    public void Its_mistakes_are_told_with_all_others()
    {
        var node = new StreamActorsBuilder().AddKafka(new KafkaOptions { BootstrapServers = " " })
            .AddSink("search", new SearchOptions(), SearchOptions.Read, Make);

        var mistakes = Compose(
            node, ("StreamActors:Search:Batch", "0"), ("StreamActors:Search:Ulr", "http://file")).Mistakes;

        mistakes.ShouldBe(
            [
                "The Kafka bootstrap servers are empty; give at least one as host:port.",
                "StreamActors:Search:Url is missing: give it the cluster's address.",
                "StreamActors:Search:Batch is \"0\" (memory): it must be a whole number from 1 to 1000.",
                "StreamActors:Search:Ulr (memory) is not a setting of this host. Did you mean StreamActors:Search:Url?",
            ],
            ignoreOrder: true);
    }

    [Fact]
    public void A_login_in_a_url_is_a_mistake_whoever_gives_it_and_is_not_shown()
    {
        var node = new StreamActorsBuilder().AddSink(
            "search", new SearchOptions { Url = new Uri("http://me:canary@code") }, SearchOptions.Read, Make);

        var composition = Compose(node);

        composition.Mistakes.ShouldContain(static each => each.Contains("Search:Url is not shown"));
        $"{string.Join('\n', composition.Mistakes)}{composition.Page()}".ShouldNotContain("canary");
    }

    [Fact]
    public void A_pipeline_with_a_sink_of_its_own_has_its_settings_in_its_section()
    {
        var node = new StreamActorsBuilder().AddPipeline(
            "feed",
            static p => p.From("in", new Text()).To(To("search")),
            new Connectors().AddKafka().AddSink("search", new SearchOptions(), SearchOptions.Read, Make));

        var composition = Compose(node, ("StreamActors:Pipelines:feed:Search:Url", "http://own"));

        composition.Mistakes.ShouldBeEmpty();
        using var services = new ServiceCollection().BuildServiceProvider();
        Open(composition, services).Name.ShouldBe("http://own/ without a client");
    }

    [Theory]
    [InlineData("StreamActors:Search:Url", false)]
    [InlineData("StreamActors:Pipelines:feed:Search:Url", true)]
    public void A_setting_of_a_sink_that_reads_none_says_so(string setting, bool isOwn)
    {
        var connectors = new Connectors().AddKafka().AddSink("search", static _ => new SearchSink(new(), null));
        var node = new StreamActorsBuilder().AddKafka().AddSink("search", static _ => new SearchSink(new(), null))
            .AddPipeline("feed", static p => p.From("in", new Text()).To(To("search")), isOwn ? connectors : null);

        Compose(node, (setting, "http://file")).Mistakes.ShouldBe(
        [
            $"The sink search reads no settings, so {setting} (memory) says nothing to anybody. Add it by "
            + "AddSink(name, options, read, make), which reads some, or take the setting out.",
        ]);
    }

    [Fact]
    public void A_package_registers_what_its_sink_is_made_of()
    {
        var host = Host.CreateEmptyApplicationBuilder(null);
        host.Configuration.AddInMemoryCollection([new("StreamActors:Search:Url", "http://file")]);
        var node = host.AddStreamActors().AddKafka();
        node.Services.AddSingleton(new Client());
        node.AddSink<SearchOptions>(
                "search",
                null,
                SearchOptions.Read,
                static (options, scope) => new SearchSink(options, scope.Make<Client>()))
            .AddPipeline("feed", static p => p.From("in", new Text()).To(To("search")));
        using var built = host.Build();

        Open(built.Services.GetRequiredService<Composition>(), built.Services).Name.ShouldBe(
            "http://file/ with the host's client");
    }

    [Theory]
    [InlineData("limits")]
    [InlineData("a:b")]
    [InlineData("")]
    public void A_sink_whose_section_would_be_another_s_is_refused(string name) =>
        Should.Throw<ArgumentException>(
            () => new Connectors().AddSink(name, new SearchOptions(), SearchOptions.Read, Make));

    private static ISink Open(Composition composition, IServiceProvider services) =>
        composition.Pipelines.Single().Peers["search"].Sink!("feed", new EngineServices(
            TimeProvider.System, new Random(1), new ThreadPoolScheduler(TimeProvider.System), new NoEvents())
        {
            Scopes = new ServiceScopes(services),
        });

    private static SearchSink Make(SearchOptions options, IScope scope) => new(options, null);

    private static Composition Compose(StreamActorsBuilder node, params (string Name, string Value)[] settings)
    {
        var configuration = new ConfigurationManager();
        configuration.AddInMemoryCollection(
            settings.Select(static each => KeyValuePair.Create(each.Name, (string?)each.Value)));
        return new Composition(node, configuration, []);
    }

    private static Target<string> To(string connector) => new(connector, static value => value, new Text());

    private sealed record SearchOptions
    {
        public Uri? Url { get; init; }

        public string? Token { get; init; }

        public int Batch { get; init; } = 500;

        public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

        public static SearchOptions Read(SettingsReader reader, SearchOptions given)
        {
            var before = reader.Mistakes.Count;
            var url = reader.OptionalUrl(nameof(Url), given.Url, "http://search:9200");
            if (url is null && reader.Mistakes.Count == before)
            {
                reader.Mistake($"{reader.NameOf(nameof(Url))} is missing: give it the cluster's address.");
            }

            return new SearchOptions
            {
                Url = url,
                Token = reader.Section("Auth").OptionalSecret(nameof(Token), given.Token),
                Batch = reader.Number(nameof(Batch), given.Batch, 1, 1000),
                Timeout = reader.Time(
                    nameof(Timeout), given.Timeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)),
            };
        }
    }

    private sealed class Client
    {
        public string Name => "the host's client";
    }

    private sealed class SearchSink(SearchOptions options, Client? client) : ISink
    {
        public string Name => $"{options.Url} {(client is null ? "without a client" : $"with {client.Name}")}";

        public Task DeliverAsync(OutputBatch batch, CancellationToken stop) => throw new NotSupportedException();

        public ValueTask<bool> IsReachableAsync(CancellationToken stop) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class NoEvents : Events.IEngineEvents
    {
        public void Report(Events.EngineEvent happened)
        {
        }
    }

    private sealed class Text : ICodec<string>
    {
        public bool TryRead(ReadOnlySpan<byte> bytes, out string value, out Rejection rejection) =>
            throw new NotSupportedException();

        public void Write(scoped in string value, IBufferWriter<byte> output) => throw new NotSupportedException();
    }
}
