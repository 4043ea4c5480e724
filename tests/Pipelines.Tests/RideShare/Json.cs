using System.Text.Json.Nodes;

namespace StreamActors.Pipelines.Tests.RideShare;

/// <summary>Changes one member of a JSON object.</summary>
internal static class Json
{
    public static string With(string json, string name, string value)
    {
        var node = JsonNode.Parse(json)!.AsObject();
        node[name] = "@";
        return node.ToJsonString().Replace("\"@\"", value);
    }

    public static string Without(string json, string name)
    {
        var node = JsonNode.Parse(json)!.AsObject();
        node.Remove(name);
        return node.ToJsonString();
    }
}
