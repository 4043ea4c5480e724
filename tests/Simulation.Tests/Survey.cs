using System.Collections.Concurrent;
namespace StreamActors.Simulation.Tests;
public sealed class Survey
{
    [Fact]
    public void Run()
    {
        var count = int.Parse(Environment.GetEnvironmentVariable("SURVEY") ?? "0");
        var found = new ConcurrentDictionary<string, (int Count, int Seed)>();
        var thread = new Thread(() => Parallel.For(1, count + 1, seed =>
        {
            try { Scenario.Run(seed); }
            catch (Exception e)
            {
                var text = e is ShouldAssertException ? string.Join(' ', e.Message.Split('\n').Reverse().Take(1)) + " :: " + e.StackTrace!.Split('\n').First(l => l.Contains("Tests")) : e.GetType().Name + e.Message + e.StackTrace!.Split('\n')[0];
                text = System.Text.RegularExpressions.Regex.Replace(text, @"\d+", "#");
                found.AddOrUpdate(text, _ => (1, seed), (_, old) => (old.Count + 1, Math.Min(old.Seed, seed)));
            }
        }));
        thread.Start();
        thread.Join();
        var lines = found.OrderByDescending(f => f.Value.Count).Select(f => $"{f.Value.Count}x seed {f.Value.Seed}: {f.Key}");
        throw new InvalidOperationException("\n" + string.Join('\n', lines));
    }
}
