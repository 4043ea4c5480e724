namespace StreamActors.Packages.Tests;

/// <summary>
/// What users can touch stands in a file for each package, so that a change of it is seen where it is reviewed. With
/// STREAMACTORS_API=write the files are written anew.
/// </summary>
public sealed class ApiTests
{
    [Theory]
    [InlineData("StreamActors.Core")]
    [InlineData("StreamActors.Kafka")]
    [InlineData("StreamActors.Redis")]
    [InlineData("StreamActors.Hosting")]
    [InlineData("StreamActors.Testing")]
    public void The_public_api_is_the_one_that_was_reviewed(string package)
    {
        var file = Path.Combine(Repository.Root, "tests", "Packages.Tests", "Api", package + ".txt");
        var listing = ApiListing.Of(package);
        if (Environment.GetEnvironmentVariable("STREAMACTORS_API") == "write")
        {
            File.WriteAllText(file, listing);
        }

        var known = File.ReadAllLines(file);
        var now = listing.TrimEnd('\n').Split('\n');
        var gone = known.Except(now).Select(static line => "- " + line.Trim());
        var added = now.Except(known).Select(static line => "+ " + line.Trim());
        string.Join('\n', gone.Concat(added)).ShouldBeEmpty(
            "Meant? STREAMACTORS_API=write ./test.sh --filter ApiTests writes it down; the change is then reviewed.");
    }
}
