using System.Diagnostics;
using System.Text;
using System.Text.Json;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RideShare;

/// <summary>One message that the frontend was sent.</summary>
/// <param name="At">When, as a timestamp of <see cref="Stopwatch"/>.</param>
internal sealed record Shown(string Channel, string Text, long At)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    /// <summary>A field that is text.</summary>
    public string this[string field] => Json.GetProperty(field).GetString()!;

    public override string ToString() => $"{Channel} {Text}";
}

/// <summary>What listens at the other end: to the four channels.</summary>
internal sealed class Frontend : IDisposable
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly List<Shown> shown;
    private Subscription? subscription;

    private Frontend(List<Shown> shown) => this.shown = shown;

    /// <summary>All that was shown so far, in order.</summary>
    public IReadOnlyList<Shown> All
    {
        get
        {
            lock (shown)
                return [.. shown];
        }
    }

    /// <summary>What was shown on the channel of trips.</summary>
    public IReadOnlyList<Shown> Trips => [.. All.Where(static each => each.Channel == "trip-updates")];

    /// <summary>How much was shown so far.</summary>
    public int Count
    {
        get
        {
            lock (shown)
                return shown.Count;
        }
    }

    /// <summary>Subscribes; returns once the server has confirmed all channels.</summary>
    /// <param name="redis">The server.</param>
    /// <param name="login">USER PASSWORD or PASSWORD.</param>
    /// <param name="tls">Whether it speaks TLS; who it is, is not checked here.</param>
    /// <param name="before">A frontend whose connection broke: what it was shown is kept.</param>
    public static async Task<Frontend> SubscribeAsync(
        RealRedis redis, string? login = null, bool tls = false, Frontend? before = null)
    {
        var frontend = new Frontend(before?.shown ?? []);
        frontend.subscription = await Subscription.StartAsync(
            redis.Port, "SUBSCRIBE driver-updates rider-updates trip-updates surge_updates", frontend.Show, login, tls);
        return frontend;
    }

    public void Dispose() => subscription?.Dispose();

    private void Show(string channel, byte[] message)
    {
        lock (shown)
            shown.Add(new Shown(channel, StrictUtf8.GetString(message), Stopwatch.GetTimestamp()));
    }
}
