using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StreamActors.Hosting;
using StreamActors.Sinks;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.Hosting;

/// <summary>
/// A user's program and its user: what can be mended is a sentence on standard error and exit code 2, said once, with
/// no stack trace in front of it.
/// </summary>
public sealed class CommandLineTests
{
    [Fact]
    public async Task Print_config_prints_every_setting_or_every_mistake_and_starts_nothing()
    {
        var run = await RunAsync(settings: ("StreamActors:Pipelines:feed:GroupId", "g"));
        (run.Code, run.Errors).ShouldBe((0, ""));
        run.Output.ShouldMatch("(?m)^StreamActors:Pipelines:feed:GroupId +g +memory");
        run.Output.ShouldContain("feed keeps in memory at most");

        run = await RunAsync(settings: ("StreamActors:Pipelines:feed:GroupIdd", "g"));
        run.Code.ShouldBe(2);
        run.Output.ShouldMatch("(?m)^StreamActors:Pipelines:feed:GroupId +feed +default");
        run.Errors.ShouldStartWith("StreamActors:Pipelines:feed:GroupIdd (memory) is not a setting of this host.");
    }

    [Theory]
    [InlineData("--print-config")]
    [InlineData("--run")]
    public async Task What_user_code_throws_when_it_is_made_is_a_sentence_for_each_object(string option)
    {
        var run = await RunAsync(
            option,
            node => node.AddSink("inbox", static _ => throw new FormatException("The sink's address is empty."))
                .AddSink("other", static _ => new FakeSink("other", static () => true))
                .AddPipeline("feed", static p => p.From("in", new NoCodec()).To(To("inbox")))
                .AddPipeline("call", static p =>
                    p.From("in", new NoCodec()).MapAsync<Price, string>().To(To("other"))));

        run.Code.ShouldBe(2);
        run.Errors.TrimEnd().Split(Environment.NewLine).ShouldBe(
        [
            "The pipeline feed: It emits to inbox, which cannot be made: FormatException: The sink's address is empty.",
            "The pipeline call: MapAsync<Price> of in cannot start: Price cannot be made: UriFormatException: Invalid "
            + "URI: The URI is empty.",
        ]);
        run.Failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_port_in_use_is_a_sentence_and_the_log_has_no_stack_trace_of_it()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var run = await RunAsync("--run", url: $"http://127.0.0.1:{port}");

        run.Code.ShouldBe(2);
        run.Errors.TrimEnd().ShouldBe($"Port {port} is in use by another process. Set Urls to a free one.");
        run.Failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_address_of_another_machine_is_a_sentence()
    {
        // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
        var run = await RunAsync("--run", url: "http://192.0.2.1:5080");

        run.Code.ShouldBe(2);
        run.Errors.ShouldStartWith("Cannot listen on http://192.0.2.1:5080: ");
        run.Errors.TrimEnd().ShouldEndWith("Set Urls to an address of this machine.");
        run.Failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_start_that_fails_by_something_else_comes_out_as_it_is()
    {
        var error = await Should.ThrowAsync<InvalidOperationException>(() => RunAsync(
            "--run", services: static services => services.AddHostedService<Defect>()));

        error.Message.ShouldBe("A defect of the program.");
    }

    [Theory]
    [InlineData("--print-confg")]
    [InlineData("--print-settings")]
    [InlineData("--pint-config")]
    public async Task An_option_that_was_mistyped_starts_nothing(string option)
    {
        var run = await RunAsync(option);

        run.Code.ShouldBe(2);
        run.Output.ShouldBeEmpty();
        run.Errors.TrimEnd().ShouldBe($"{option} is not an option of this program. Did you mean --print-config?");
    }

    private static async Task<Ran> RunAsync(
        string option = "--print-config",
        Action<StreamActorsBuilder>? add = null,
        string? url = null,
        Action<IServiceCollection>? services = null,
        params (string Name, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls(url ?? $"http://127.0.0.1:{Machine.FreePort()}");
        builder.Configuration.AddInMemoryCollection(
            settings.Select(static each => KeyValuePair.Create(each.Name, (string?)each.Value)));
        var failures = new ConcurrentQueue<string>();
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new LogLines(failures, failuresOnly: true));
        services?.Invoke(builder.Services);
        var node = builder.AddStreamActors();
        node.Connectors.Add(new Connector("kafka", _ => new Peer { Source = (_, _) => new FakeSource() }));
        (add ?? Feed)(node);
        var app = builder.Build();
        var (output, errors) = (Console.Out, Console.Error);
        using var page = new StringWriter();
        using var told = new StringWriter();
        try
        {
            Console.SetOut(page);
            Console.SetError(told);
            var code = await app.RunStreamActorsAsync([option]);
            return new Ran(code, page.ToString(), told.ToString(), [.. failures]);
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(errors);
        }

        static void Feed(StreamActorsBuilder node) => node
            .AddSink("inbox", static _ => new FakeSink("inbox", static () => true))
            .AddPipeline("feed", static p => p.From("in", new NoCodec()).To(To("inbox")));
    }

    private static Target<string> To(string sink) => new(sink, static _ => "out", new NoCodec());

    private sealed record Ran(int Code, string Output, string Errors, IReadOnlyList<string> Failures);

    private sealed class Price : IAsyncMap<string, string>
    {
        private readonly Uri address = new("");

        public ValueTask<string?> MapAsync(string value, Call call, CancellationToken stop) =>
            ValueTask.FromResult<string?>(address.ToString());
    }

    private sealed class Defect : Microsoft.Extensions.Hosting.IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) =>
            throw new InvalidOperationException("A defect of the program.");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
