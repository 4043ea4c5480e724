using StreamActors.Entities;
using StreamActors.Shards;

namespace StreamActors.Core.Tests.Entities;

public sealed class KeyFingerprintsTests
{
    [Fact]
    public void No_key_that_was_added_is_missing_whatever_comes_and_goes() => Property.Holds(static drawn =>
    {
        var set = new KeyFingerprints(seed: 1);
        var model = new List<int>();
        foreach (var number in drawn)
        {
            var key = number / 2 % 500;
            if (number % 2 == 0)
            {
                set.Add(BitConverter.GetBytes(key));
                model.Add(key);
            }
            else if (model.Remove(key))
            {
                set.Remove(BitConverter.GetBytes(key));
            }

            set.Count.ShouldBe(model.Count);
        }

        model.ShouldAllBe(key => set.Contains(BitConverter.GetBytes(key)));
        model.ForEach(key => set.Remove(BitConverter.GetBytes(key)));
        Enumerable.Range(0, 500).ShouldAllBe(key => !set.Contains(BitConverter.GetBytes(key)));
    });

    [Fact]
    public void A_million_take_eight_bytes_each_at_most_and_few_others_seem_to_be_among_them()
    {
        var set = new KeyFingerprints(seed: 1);
        for (var key = 0; key < 1_000_000; key++)
        {
            set.Add(BitConverter.GetBytes(key));
            if (key > 1_000)
            {
                set.Bytes.ShouldBeLessThanOrEqualTo(8L * (key + 1));
            }
        }

        Enumerable.Range(0, 1_000_000).ShouldAllBe(key => set.Contains(BitConverter.GetBytes(key)));
        Enumerable.Range(1_000_000, 1_000_000).Count(key => set.Contains(BitConverter.GetBytes(key)))
            .ShouldBeInRange(100, 500);
        for (var key = 0; key < 1_000_000; key++)
        {
            set.Remove(BitConverter.GetBytes(key));
        }

        set.Bytes.ShouldBe(64, "what went takes no memory");
    }

    [Fact]
    public void A_key_that_was_never_added_cannot_be_removed() =>
        Should.Throw<EngineDefectException>(static () => new KeyFingerprints(seed: 1).Remove([1]));
}
