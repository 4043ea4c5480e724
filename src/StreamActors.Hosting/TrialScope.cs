using StreamActors.Configuration;

namespace StreamActors.Hosting;

/// <summary>
/// Makes objects of user code to see whether that works: whatever a constructor throws, or the configuration of a typed
/// client, becomes a sentence about the object.
/// </summary>
internal sealed class TrialScope(IScope scope) : IScope
{
    /// <summary>Why something cannot be made: what an exception of ours says stands alone.</summary>
    public static string Why(Exception error) => error is InvalidOperationException or PipelineException
        ? error.Message
        : $"{error.GetType().Name}: {error.Message}";

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">It cannot be made; the message says why.</exception>
    public T Make<T>()
        where T : class
    {
        try
        {
            return scope.Make<T>();
        }
        catch (Exception error) when (error is not InvalidOperationException)
        {
            var name = TypeName.Of(typeof(T));
            throw new InvalidOperationException($"{name} cannot be made: {Why(error)}", error);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => scope.DisposeAsync();
}
