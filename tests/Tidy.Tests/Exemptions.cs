namespace StreamActors.Tidy.Tests;

/// <summary>Every place that may break a law, with its reason. One that breaks nothing any more is a failure.</summary>
public static class Exemptions
{
    private const string CatchAll = "catch (Exception) stands only at listed boundaries";

    /// <summary>A row: the law's name, the place exactly as the failing test prints it, the reason.</summary>
    public static IReadOnlyList<Exemption> All { get; } =
    [
        Catch(
            "src/StreamActors.Core/Calls/CallAttempt.cs: CallAttempt.AskAsync",
            "User code: whatever a call throws is its outcome."),
        Catch(
            "src/StreamActors.Core/Calls/MapAsyncStage.cs: MapAsyncStage.PassOn",
            "Takes the record's id back and rethrows."),
        Catch(
            "src/StreamActors.Core/Calls/MapAsyncStage.cs: MapAsyncStage.Settle",
            "User code: a record is given up on whose call's result the next stage throws."),
        Catch(
            "src/StreamActors.Core/Entities/ActiveEntities.cs: ActiveEntities.Call",
            "User code: a timer that throws is reported, the shard goes on."),
        Catch(
            "src/StreamActors.Core/Entities/StateForm.cs: StateForm.TryRead",
            "User code: a state on which the codec throws is one that it refuses."),
        Catch(
            "src/StreamActors.Core/Entities/StateForm.cs: StateForm.Upgrade",
            "User code: a state on which Upgrade throws is of no use; its shard stands still."),
        Catch(
            "src/StreamActors.Core/Pipelines/ShardStarter.cs: ShardStarter.MakeShard",
            "User code: a factory that throws fails its shard, not the client."),
        Catch(
            "src/StreamActors.Core/Pipelines/Pipeline.cs: Pipeline.RunMember",
            "Leaves the group and rethrows."),
        Catch(
            "src/StreamActors.Testing/ValueCodecs.cs: ValueCodecs.EnsureRefused",
            "User code: a Map that throws on the bytes of SendBad is told to the test."),
        Catch(
            "src/StreamActors.Core/Shards/EmitStage.cs: EmitStage.Handle",
            "Takes the outputs back and rethrows."),
        Catch(
            "src/StreamActors.Core/Shards/Emitter.cs: Emitter.EmitAll",
            "Takes the outputs back and rethrows."),
        Catch(
            "src/StreamActors.Core/Entities/EntityStage.cs: EntityStage.Handle",
            "Takes the call back and rethrows."),
        Catch(
            "src/StreamActors.Core/Shards/ShardContext.cs: ShardContext.DisposeAsync",
            "User code: an object that cannot be disposed of is reported; nothing depends on it any more."),
        Catch(
            "src/StreamActors.Core/Shards/RouteRunner.cs: RouteRunner.Handle",
            "User code: a record that it throws on is given up."),
        Catch(
            "src/StreamActors.Core/Shards/RouteRunner.cs: RouteRunner.HandleAgain",
            "User code: a record that was parked and that it throws on is given up."),
        Catch(
            "src/StreamActors.Core/Shards/RouteRunner.cs: RouteRunner.PassOn",
            "Takes the record's id back and rethrows."),
        Catch(
            "src/StreamActors.Core/Shards/RouteRunner.cs: RouteRunner.TryReadTime",
            "User code: a record that cannot be read tells no time; it is given up when it is handled."),
        Catch(
            "src/StreamActors.Core/Shards/Shard.cs: Shard.Execute",
            "The supervisor: a turn that failed ends the epoch."),
        Catch(
            "src/StreamActors.Core/Windows/WindowStage.cs: WindowStage.Emit",
            "Takes the record's id back and rethrows."),
        Catch(
            "src/StreamActors.Core/Windows/WindowStage.cs: WindowStage.EmitFlushing",
            "User code: a held record that it throws on is given up."),
        Catch(
            "src/StreamActors.Hosting/Node.cs: Node.Run",
            "A poll thread that ends by a defect stops its pipeline alone."),
        Catch(
            "src/StreamActors.Hosting/Node.cs: Node.Open",
            "User code: a sink that cannot be made is told with all others, at the start."),
        Catch(
            "src/StreamActors.Hosting/Node.cs: Node.MistakesOf",
            "User code: what a handler's factory throws is told with all others, at the start."),
        Catch(
            "src/StreamActors.Hosting/TrialScope.cs: TrialScope.Make",
            "User code: whatever a constructor throws at the start is a sentence about its object."),
        Catch(
            "src/StreamActors.Hosting/HostStart.cs: HostStart.StartAsync",
            "Filtered: a port in use is a sentence; everything else comes out."),
        Catch(
            "src/StreamActors.Hosting/Configuration/SettingsReload.cs: SettingsReload.Read",
            "A connector's code: a configuration on which it throws is refused; it does not end the node."),
        Catch(
            "src/StreamActors.Hosting/Node.cs: Node.RunAsync",
            "A connector's code: a source that throws before it is ready stops its pipeline alone."),
        Catch(
            "src/StreamActors.Hosting/Reference/ReferenceFile.cs: ReferenceFile.Read",
            "User code: a file that cannot be parsed is refused, and the version before stays."),
        Catch(
            "src/StreamActors.Hosting/Telemetry/Otlp/OtlpExport.cs: OtlpExport.ExportAsync",
            "User code: a metric source that throws is logged; it does not end the node."),
        Catch(
            "src/StreamActors.Hosting/Telemetry/PeerProbe.cs: PeerProbe.AskAsync",
            "A connector's code: a question that throws is logged and counts as no answer; the pages go on."),
        Catch(
            "src/StreamActors.Node/Program.cs: ",
            "Filtered: what the user can mend is a sentence and exit code 2."),
        .. Of("Kafka Streams", "StreamsBuilder", "TimestampExtractor", "DeserializationExceptionHandler",
            "TopologyTestDriver"),
        .. Of("Akka", "RunnableGraph", "CommittableSource", "MapAsyncUnordered", "GroupedWithin", "ShardRegion"),
    ];

    private static IEnumerable<Exemption> Of(string others, params string[] names) =>
        names.Select(name => new Exemption(
            "names of types in documents exist in the source",
            $"docs/COMING-FROM.md: {name}",
            $"A name of {others}, on the page that translates it."));

    private static Exemption Catch(string place, string reason) => new(CatchAll, place, reason);
}
