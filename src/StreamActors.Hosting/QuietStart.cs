using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace StreamActors.Hosting;

/// <summary>
/// Keeps the host from logging a start that failed, while <see cref="HostStart"/> starts it: its caller gets the
/// exception, as a sentence or as it is, and not twice. It is off before and after, and always where the host is
/// started in another way.
/// </summary>
internal sealed class QuietStart :
    IPostConfigureOptions<LoggerFilterOptions>, IOptionsChangeTokenSource<LoggerFilterOptions>, IDisposable
{
    private const string HostCategory = "Microsoft.Extensions.Hosting.Internal.Host";

    private CancellationTokenSource changed = new();
    private volatile bool isOn;

    /// <inheritdoc/>
    public string Name => Options.DefaultName;

    /// <summary>Turns it on or off.</summary>
    public void Turn(bool on)
    {
        isOn = on;
        using var before = Interlocked.Exchange(ref changed, new CancellationTokenSource());
        before.Cancel();
    }

    /// <inheritdoc/>
    public IChangeToken GetChangeToken() => new CancellationChangeToken(changed.Token);

    /// <inheritdoc/>
    public void PostConfigure(string? name, LoggerFilterOptions options)
    {
        if (!isOn)
        {
            return;
        }

        // A rule that names a provider wins over one that does not.
        List<string?> providers = [null, .. options.Rules.Select(static rule => rule.ProviderName)];
        foreach (var provider in providers.Distinct())
        {
            options.Rules.Add(new LoggerFilterRule(provider, HostCategory, LogLevel.Critical, filter: null));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => changed.Dispose();
}
