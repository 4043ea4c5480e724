using StreamActors.Pipelines;
using StreamActors.Shards;
using StreamActors.Sinks;
using StreamActors.Windows;

namespace StreamActors;

/// <summary>Composes a wall-clock window.</summary>
public sealed class WindowBuilder<T>
    where T : allows ref struct
{
    private readonly RouteDefinition route;
    private readonly RouteSteps<T> steps;
    private readonly TimeSpan period;

    internal WindowBuilder(RouteDefinition route, RouteSteps<T> steps, TimeSpan period) =>
        (this.route, this.steps, this.period) = (route, steps, period);

    /// <summary>Emits the last record of each entity at each flush.</summary>
    public WindowEnd<T> Latest() => new(route, steps, new WindowSpec(period, WindowStrategy.Latest));

    /// <summary>Emits every N-th record of each entity at the next flush.</summary>
    public WindowEnd<T> Sample(int rate)
    {
        if (rate < 1)
        {
            route.Mistakes.Add($"The window of {route.Topic} samples 1 in {rate}: the rate must be 1 at least.");
        }

        return new(route, steps, new WindowSpec(period, WindowStrategy.Sample, rate));
    }
}

/// <summary>Ends a route with a window.</summary>
public sealed class WindowEnd<T>
    where T : allows ref struct
{
    private readonly RouteDefinition route;
    private readonly RouteSteps<T> steps;
    private readonly WindowSpec spec;

    internal WindowEnd(RouteDefinition route, RouteSteps<T> steps, WindowSpec spec) =>
        (this.route, this.steps, this.spec) = (route, steps, spec);

    /// <summary>Emits what the window lets go.</summary>
    public RouteEnd<T> To(params Target<T>[] targets)
    {
        var outputs = Outputs.OfOneKind<T>();
        route.HasWindow = true;
        route.HasState |= spec.Strategy == WindowStrategy.Sample;
        steps.End(route, outputs, (context, deadLetters, release) =>
            new WindowStage<T>(spec, steps.Reader, new Emitter<T>(outputs, context), deadLetters, context)
            {
                Release = release,
            });
        return new RouteEnd<T>(route, outputs).To(targets);
    }
}
