using System.Text;
using StreamActors.Sinks;

namespace StreamActors.Core.Tests.Sinks;

/// <summary>
/// Keys go where the clients of others send them. The hashes are those of Kafka's own tests (UtilsTest.testMurmur2) and
/// of the check value of CRC-32; the partitions follow from them.
/// </summary>
public sealed class PartitionerTests
{
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [InlineData("abc", 479470107)]
    public void Murmur2_is_that_of_the_java_clients(string key, int hash)
    {
        foreach (var partitions in new[] { 1, 7, 8, 1_000 })
        {
            Partitioner.Murmur2.PartitionOf(Encoding.UTF8.GetBytes(key), partitions)
                .ShouldBe((hash & 0x7FFFFFFF) % partitions);
        }
    }

    [Fact]
    public void Crc32_is_that_of_librdkafka()
    {
        Partitioner.Crc32.PartitionOf("123456789"u8, 1_000).ShouldBe((int)(0xCBF43926 % 1_000));
        Partitioner.Crc32.PartitionOf(default, 10).ShouldBe(0);
    }
}
