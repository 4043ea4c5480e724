namespace StreamActors.Sinks;

/// <summary>A sink of the program's own, with the scope that it was made in.</summary>
internal sealed class ScopedSink : ISink
{
    private readonly IScope scope;
    private readonly ISink sink;
    private readonly bool isOurs;

    /// <summary>Makes the sink.</summary>
    /// <param name="scope">Where its parts come from; disposed with it.</param>
    /// <param name="make">Makes it.</param>
    /// <param name="isOurs">Whether nobody else disposes it: what comes from the scope is the scope's.</param>
    public ScopedSink(IScope scope, Func<IScope, ISink> make, bool isOurs)
    {
        (this.scope, this.isOurs) = (scope, isOurs);
        sink = make(scope);
    }

    /// <inheritdoc/>
    public string Name => sink.Name;

    /// <inheritdoc/>
    public Task DeliverAsync(OutputBatch batch, CancellationToken stop) => sink.DeliverAsync(batch, stop);

    /// <inheritdoc/>
    public ValueTask<bool> IsReachableAsync(CancellationToken stop) => sink.IsReachableAsync(stop);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (isOurs)
        {
            await sink.DisposeAsync();
        }

        await scope.DisposeAsync();
    }
}
