namespace StreamActors;

/// <summary>
/// Where the objects of user code come from: the host's dependency injection, by a port of Core's. A shard has a scope
/// for its handlers, from its start to its end; a call of <c>MapAsync</c> has one of its own.
/// </summary>
internal interface IScopes
{
    /// <summary>Opens a scope. Any thread may call it.</summary>
    IScope Open();
}

/// <summary>A scope of objects; one thread at a time uses it. Disposing it disposes what it made.</summary>
public interface IScope : IAsyncDisposable
{
    /// <summary>
    /// The object of a type: the registered one, else a new one made with what its constructor asks for.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// It cannot be made; the message names what is missing.
    /// </exception>
    T Make<T>()
        where T : class;
}
