using System.Net;
using System.Net.Sockets;
using StreamActors.Node.Cli;

namespace StreamActors.Tests.Cli;

/// <summary>Where a node's pages are listened on.</summary>
public sealed class PortsTests
{
    private static readonly IPAddress Here = IPAddress.Loopback;
    private static readonly IPAddress HereToo = IPAddress.Parse("127.0.0.2");
    private static readonly IPAddress Elsewhere = IPAddress.Parse("192.0.2.1");

    [Fact]
    public void An_address_is_itself() => Ports.AddressesOf("192.0.2.1", NeverAsked).ShouldBe([Elsewhere]);

    [Fact]
    public void A_name_is_all_its_addresses_that_this_machine_has() =>
        Ports.AddressesOf("name", _ => [Here, Elsewhere, HereToo, Here]).ShouldBe([Here, HereToo]);

    [Fact]
    public void A_name_of_another_machine_keeps_its_addresses_so_that_the_error_names_one() =>
        Ports.AddressesOf("name", _ => [Elsewhere]).ShouldBe([Elsewhere]);

    [Fact]
    public void A_name_that_nobody_knows_is_a_socket_error() =>
        Should.Throw<SocketException>(() => Ports.AddressesOf("no-such-host.invalid"));

    private static IEnumerable<IPAddress> NeverAsked(string name) => throw new InvalidOperationException(name);
}
