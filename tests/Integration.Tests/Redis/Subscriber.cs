using System.Text;
using StreamActors.Tests.Fixtures;

namespace StreamActors.Tests.RedisTests;

/// <summary>One message that a subscriber heard.</summary>
public sealed record Heard(string Channel, byte[] Message)
{
    public string Text => Encoding.UTF8.GetString(Message);
}

/// <summary>What listens to all channels that start with a text.</summary>
public sealed class Subscriber : IDisposable
{
    private readonly List<Heard> heard = [];
    private Subscription? subscription;

    /// <summary>All that was heard so far, in order.</summary>
    public IReadOnlyList<Heard> Heard
    {
        get
        {
            lock (heard)
                return [.. heard];
        }
    }

    /// <summary>Listens; returns once the server has confirmed it.</summary>
    public static async Task<Subscriber> StartAsync(int port, string prefix)
    {
        var subscriber = new Subscriber();
        subscriber.subscription = await Subscription.StartAsync(port, $"PSUBSCRIBE {prefix}*", subscriber.Add);
        return subscriber;
    }

    /// <summary>Waits until so many messages were heard, then returns them.</summary>
    public async Task<IReadOnlyList<Heard>> UntilAsync(int count)
    {
        await Machine.UntilAsync(
            $"{count} messages are heard", TimeSpan.FromSeconds(20), () => Task.FromResult(Heard.Count >= count));
        return Heard;
    }

    public void Dispose() => subscription?.Dispose();

    private void Add(string channel, byte[] message)
    {
        lock (heard)
            heard.Add(new(channel, message));
    }
}
