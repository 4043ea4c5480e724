using Microsoft.Extensions.DependencyInjection;
using StreamActors.Configuration;

namespace StreamActors.Hosting;

/// <summary>
/// Gives the engine's scopes the objects of the host's services. What is registered lives as it was registered: a
/// singleton is not ours. What is not is made new, and ends with its scope.
/// </summary>
internal sealed class ServiceScopes(IServiceProvider services) : IScopes
{
    /// <inheritdoc/>
    public IScope Open() => new Scope(services.CreateAsyncScope());

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

                var instance = ActivatorUtilities.CreateInstance<T>(scope.ServiceProvider);
                made.Push(instance);
                return instance;
            }
            catch (InvalidOperationException error)
            {
                throw new InvalidOperationException(
                    $"{TypeName.Of(typeof(T))} cannot be made: {Missing(typeof(T)) ?? error.Message}", error);
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

        /// <summary>
        /// What of the host's services is missing to make an object of a type, and the remedy. Null where its
        /// constructor does not show it: it is one of several, or the type is registered, which may be with a function.
        /// </summary>
        private string? Missing(Type type)
        {
            if (scope.ServiceProvider.GetService<IServiceProviderIsService>() is not { } known || known.IsService(type))
            {
                return null;
            }

            if (type.IsAbstract)
            {
                return $"nothing is registered for it. {Remedy(type)}";
            }

            Type[] missing = type.GetConstructors() is not [var only] ? [] :
            [
                .. only.GetParameters()
                    .Where(each => !each.HasDefaultValue && !each.IsDefined(typeof(FromKeyedServicesAttribute), true))
                    .Select(static each => each.ParameterType).Where(each => !known.IsService(each)),
            ];
            return missing.Length == 0
                ? null
                : $"its constructor takes {string.Join(" and ", missing.Select(TypeName.Of))}, and nothing is "
                    + $"registered for {(missing.Length == 1 ? "it" : "them")}. {Remedy(missing[0])}";
        }

        private static string Remedy(Type missing) =>
            $"Register it with the host's services, such as services.AddSingleton<{TypeName.Of(missing)}>(…).";
    }
}
