using Microsoft.Extensions.DependencyInjection;

namespace StreamActors.Testing;

/// <summary>The objects of user code, from the container.</summary>
internal sealed class ServiceScopes(IServiceProvider services) : IScopes
{
    /// <inheritdoc/>
    public IScope Open() => new Scope(services.CreateAsyncScope());

    private sealed class Scope(AsyncServiceScope scope) : IScope
    {
        private readonly List<object> made = [];

        public T Make<T>()
            where T : class
        {
            if (scope.ServiceProvider.GetService<T>() is { } registered)
            {
                return registered;
            }

            var one = ActivatorUtilities.CreateInstance<T>(scope.ServiceProvider);
            made.Add(one);
            return one;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var one in Enumerable.Reverse(made))
            {
                if (one is IAsyncDisposable asynchronous)
                {
                    await asynchronous.DisposeAsync();
                }
                else
                {
                    (one as IDisposable)?.Dispose();
                }
            }

            await scope.DisposeAsync();
        }
    }
}
