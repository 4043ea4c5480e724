using Microsoft.Extensions.DependencyInjection;

namespace StreamActors.Hosting;

/// <summary>What a package that adds a sink needs of the host.</summary>
public static class BuilderServices
{
    extension(StreamActorsBuilder node)
    {
        /// <summary>
        /// The services of the node's host, for what a sink is made of, such as an <c>HttpClient</c>; it takes them by
        /// <see cref="IScope.Make{T}"/>.
        /// </summary>
        public IServiceCollection Services => (IServiceCollection)(node.Registrations
            ?? throw new InvalidOperationException("This node has no host: AddStreamActors() makes one that has."));
    }
}
