using StreamActors.Limits;

namespace StreamActors.Core.Tests.Limits;

public sealed class ReadRateTests
{
    [Fact]
    public void Without_a_rate_there_is_room_for_all_that_is_wanted()
    {
        var rate = new ReadRate();

        rate.Took(1_000_000);

        rate.Room(now: 0, most: 1_000).ShouldBe(1_000);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1_000)]
    [InlineData(250_000)]
    public void Over_a_minute_the_rate_is_kept_to_a_burst_whatever_the_rounds_last(int perSecond)
    {
        var rate = new ReadRate { PerSecond = perSecond };
        var random = new Random(perSecond);
        var read = 0L;
        var now = 0L;
        while (now < 60_000)
        {
            now += random.Next(1, 100);
            var room = rate.Room(now, most: 1_000_000);
            rate.Took(room);
            read += room;
        }

        read.ShouldBeInRange((long)(perSecond * 59.0), (long)(perSecond * 60.4) + 2);
    }

    [Fact]
    public void After_a_silence_a_fifth_of_a_second_comes_at_once_and_no_more()
    {
        var rate = new ReadRate { PerSecond = 1_000 };

        rate.Room(now: 3_600_000, most: 100_000).ShouldBe(201);
    }

    [Fact]
    public void A_rate_that_is_set_while_records_flow_holds_from_the_next_read_on()
    {
        var rate = new ReadRate();
        rate.Room(now: 1_000, most: 500).ShouldBe(500);
        rate.Took(500);

        rate.PerSecond = 100;
        rate.Room(now: 1_010, most: 500).ShouldBeLessThanOrEqualTo(21);
        rate.PerSecond = 0;
        rate.Room(now: 1_010, most: 500).ShouldBe(500);
    }

    [Fact]
    public void Each_item_comes_first_in_its_turn_so_that_a_low_rate_starves_none()
    {
        var rate = new ReadRate { PerSecond = 1 };
        int[] items = [1, 2, 3];

        var firsts = Enumerable.Range(0, 6).Select(_ => rate.InTurn(items).First()).ToList();

        firsts.GroupBy(static item => item).ShouldAllBe(static same => same.Count() == 2);
        rate.InTurn(items).Order().ShouldBe(items);
    }
}
