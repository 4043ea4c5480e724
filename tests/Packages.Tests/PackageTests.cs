using System.IO.Compression;
using System.Xml.Linq;

namespace StreamActors.Packages.Tests;

/// <summary>The packages, as they would be published.</summary>
public sealed class PackageTests(PackedFixture packed) : IClassFixture<PackedFixture>
{
    public static TheoryData<string> Names => [.. PackedFixture.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_package_brings_its_readme_its_licence_its_documentation_and_its_symbols(string name)
    {
        using var package = Open(name, "nupkg");
        foreach (var part in new[] { "README.md", $"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml" })
        {
            package.GetEntry(part).ShouldNotBeNull(part);
        }

        var about = About(package, name);
        Value(about, "license").ShouldBe("Apache-2.0");
        Value(about, "description").ShouldNotBeEmpty();
        Value(about, "readme").ShouldBe("README.md");
        Value(about, "version").ShouldBe(packed.Version);
        using var symbols = Open(name, "snupkg");
        symbols.GetEntry($"lib/net10.0/{name}.pdb").ShouldNotBeNull();
    }

    [Theory]
    [InlineData("StreamActors.Core")]
    [InlineData("StreamActors.Kafka", "Confluent.Kafka", "StreamActors.Core", "librdkafka.redist")]
    [InlineData("StreamActors.Redis", "StreamActors.Core")]
    [InlineData("StreamActors.Hosting", "StreamActors.Core")]
    [InlineData("StreamActors.Testing", "StreamActors.Core", "StreamActors.Hosting")]
    public void A_package_depends_on_no_more_than_it_must(string name, params string[] others)
    {
        using var package = Open(name, "nupkg");
        About(package, name).Descendants().Where(static each => each.Name.LocalName == "dependency")
            .Select(static each => each.Attribute("id")!.Value).Order(StringComparer.Ordinal).ShouldBe(others);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_package_takes_others_of_ours_in_its_own_version_only(string name)
    {
        using var package = Open(name, "nupkg");
        About(package, name).Descendants().Where(static each => each.Name.LocalName == "dependency")
            .Where(static each => PackedFixture.Names.Contains(each.Attribute("id")!.Value))
            .ShouldAllBe(each => each.Attribute("version")!.Value == $"[{packed.Version}]");
    }

    [Fact]
    public async Task The_template_makes_a_project_whose_tests_pass_and_that_a_record_goes_through()
    {
        var hive = Path.Combine(packed.Folder, "hive");
        await File.WriteAllTextAsync(Path.Combine(packed.Folder, "nuget.config"), $"""
            <configuration>
              <packageSources>
                <add key="streamactors" value="{packed.Feed}" />
                <add key="streamactors-native" value="{Path.Combine(Repository.Root, ".packages")}" />
              </packageSources>
            </configuration>
            """);
        var template = Path.Combine(packed.Feed, $"StreamActors.Templates.{packed.Version}.nupkg");
        await Shell.DotnetAsync(packed.Folder, "new", "install", template, "--debug:custom-hive", hive);
        await Shell.DotnetAsync(
            packed.Folder, "new", "streamactors", "-o", "MyShop", "--no-update-check", "--debug:custom-hive", hive);
        var shop = Path.Combine(packed.Folder, "MyShop");
        (await Shell.DotnetAsync(shop, "test")).ShouldContain("Passed:     2");
        await new RunningApp(Path.Combine(shop, "MyShop")).PushesRecordsThroughAsync("my-shop");
    }

    private static XDocument About(ZipArchive package, string name)
    {
        using var stream = package.GetEntry($"{name}.nuspec")!.Open();
        return XDocument.Load(stream);
    }

    private static string Value(XDocument about, string name) =>
        about.Descendants().Single(each => each.Name.LocalName == name).Value;

    private ZipArchive Open(string name, string ending) =>
        ZipFile.OpenRead(Path.Combine(packed.Feed, $"{name}.{packed.Version}.{ending}"));
}
