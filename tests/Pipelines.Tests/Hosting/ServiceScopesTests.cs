using Microsoft.Extensions.DependencyInjection;
using StreamActors.Hosting;

namespace StreamActors.Pipelines.Tests.Hosting;

/// <summary>Objects of user code come from the host's services.</summary>
public sealed class ServiceScopesTests
{
    [Fact]
    public async Task A_scope_ends_what_it_made_and_leaves_the_hosts_singletons_alone()
    {
        await using var services = new ServiceCollection()
            .AddSingleton<Shared>().AddScoped<Scoped>().BuildServiceProvider();
        var scope = new ServiceScopes(services).Open();

        var shared = scope.Make<Shared>();
        var scoped = scope.Make<Scoped>();
        var handler = scope.Make<Handler>();
        (handler.Shared, handler.Scoped).ShouldBe((shared, scoped));
        scope.Make<Handler>().ShouldNotBeSameAs(handler);

        await scope.DisposeAsync();
        (handler.IsDisposed, scoped.IsDisposed, shared.IsDisposed).ShouldBe((true, true, false));
    }

    [Fact]
    public async Task Each_scope_has_objects_of_its_own()
    {
        await using var services = new ServiceCollection().AddScoped<Scoped>().BuildServiceProvider();
        var scopes = new ServiceScopes(services);
        await using var one = scopes.Open();
        await using var other = scopes.Open();

        one.Make<Scoped>().ShouldBe(one.Make<Scoped>());
        one.Make<Scoped>().ShouldNotBe(other.Make<Scoped>());
    }

    [Fact]
    public async Task What_is_missing_is_named()
    {
        await using var services = new ServiceCollection().AddScoped<Scoped>().BuildServiceProvider();
        await using var scope = new ServiceScopes(services).Open();

        Should.Throw<InvalidOperationException>(scope.Make<Handler>).Message.ShouldBe(
            "Handler cannot be made: its constructor takes Shared, and nothing is registered for it. Register it with "
            + "the host's services, such as services.AddSingleton<Shared>(…).");
        Should.Throw<InvalidOperationException>(scope.Make<IComparable<int>>).Message.ShouldBe(
            "IComparable<int> cannot be made: nothing is registered for it. Register it with the host's services, such "
            + "as services.AddSingleton<IComparable<int>>(…).");
    }

    [Fact]
    public async Task What_a_constructor_throws_is_not_taken_for_a_missing_service()
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        await using var scope = new ServiceScopes(services).Open();

        Should.Throw<InvalidOperationException>(scope.Make<Failing>).Message
            .ShouldBe("Failing cannot be made: The list of countries is empty.");
    }

    private class Tracked : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }

    private sealed class Failing
    {
        public Failing() => throw new InvalidOperationException("The list of countries is empty.");
    }

    private sealed class Shared : Tracked;

    private sealed class Scoped : Tracked;

    private sealed class Handler(Shared shared, Scoped scoped) : Tracked
    {
        public Shared Shared => shared;

        public Scoped Scoped => scoped;
    }
}
