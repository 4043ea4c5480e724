using Microsoft.Extensions.DependencyInjection;

namespace StreamActors.Hosting;

/// <summary>
/// Gives the engine's scopes the objects of the host's services. What is registered lives as it was registered: a
/// singleton is not ours. What is not is made new, and ends with its scope.
/// </summary>
internal sealed class ServiceScopes(IServiceProvider services) : IScopes
{
    /// <inheritdoc/>
    public IScope Open() => new Scope(services.CreateAsyncScope());

    /// <summary>A type's name as its user writes it: <c>Enrich&lt;Session&gt;</c>.</summary>
    public static string NameOf(Type type) => type.IsGenericType
        ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
        : type.Name;

    private sealed class Scope(AsyncServiceScope scope) : IScope
    {
        private readonly Stack<object> made = [];

        public T Make<T>()
            where T : class
        {
            try
            {
                if (scope.ServiceProvider.GetService<T>() is { } registered)
                {
                    return registered;
                }

                if (typeof(T).IsAbstract)
                {
                    throw new InvalidOperationException($"no {typeof(T)} is registered.");
                }

                var instance = ActivatorUtilities.CreateInstance<T>(scope.ServiceProvider);
                made.Push(instance);
                return instance;
            }
            catch (InvalidOperationException error)
            {
                throw new InvalidOperationException(
                    $"{NameOf(typeof(T))} cannot be made: {error.Message} Register it with the host's services.",
                    error);
            }
        }

        public async ValueTask DisposeAsync()
        {
            while (made.TryPop(out var instance))
            {
                if (instance is IAsyncDisposable async)
                {
                    await async.DisposeAsync();
                }
                else
                {
                    (instance as IDisposable)?.Dispose();
                }
            }

            await scope.DisposeAsync();
        }
    }
}
