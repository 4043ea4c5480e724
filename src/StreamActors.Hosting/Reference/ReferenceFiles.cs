using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace StreamActors.Hosting;

/// <summary>
/// Looks every two seconds whether a reference file has changed. It asks for the time and the length of what the path
/// leads to: a mount of Kubernetes is replaced by turning a link, which a watch of the folder does not see.
/// </summary>
internal sealed class ReferenceFiles(IEnumerable<IReferenceFile> files, TimeProvider time) : BackgroundService
{
    /// <summary>The time between two looks.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly IReferenceFile[] files = [.. files];

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            Array.ForEach(files, static file => file.Refresh());
        }
    }
}

/// <summary>Adds reference files to a host.</summary>
public static class ReferenceFileSetup
{
    /// <summary>
    /// Adds the <see cref="ReferenceFile{T}"/> of a type, which handlers take by their constructors. A host has one
    /// file for a type.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="path">The file; a relative one stands in the host's content root.</param>
    /// <param name="parse">Reads the data; what it throws refuses the version.</param>
    public static IServiceCollection AddReferenceFile<T>(
        this IServiceCollection services, string path, Func<Stream, T> parse)
        where T : class
    {
        services.AddSingleton(all => new ReferenceFile<T>(
            Path.Combine(all.GetRequiredService<IHostEnvironment>().ContentRootPath, path),
            parse,
            all.GetRequiredService<ILoggerFactory>().CreateLogger("StreamActors.ReferenceFiles")));
        services.AddSingleton<IReferenceFile>(static all => all.GetRequiredService<ReferenceFile<T>>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ReferenceFiles>());
        return services;
    }
}
