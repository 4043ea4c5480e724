using System.Text;
using StreamActors.Sinks;

namespace StreamActors.Testing;

/// <summary>
/// The promises that every <see cref="ISink"/> must keep, as cases for any test framework. Inherit it, say how the sink
/// is opened and how a destination is read back, and run each promise by <see cref="CheckAsync"/>:
/// <code>
/// public sealed class MySinkTests : SinkContract
/// {
///     [Theory]
///     [MemberData(nameof(Promises))]
///     [MemberData(nameof(OutagePromises))]     // where the test can take the peer away
///     [MemberData(nameof(RefusalPromises))]    // where something can never be delivered
///     public Task It_keeps(SinkPromise promise) => CheckAsync(promise);
/// }
/// </code>
/// The lists are xunit's <c>MemberData</c>, NUnit's <c>TestCaseSource</c> and MSTest's <c>DynamicData</c>. Nothing is
/// skipped in silence: a list that is not named has no cases, a case whose hook is not overridden fails, and so does
/// one that a sink keeps only because nothing is ever delivered. What a sink cannot promise by its nature is named by
/// <see cref="LeftOut"/>, with the reason.
/// <para>
/// Each case opens a sink, writes to destinations that nobody else uses, and disposes the sink. Cases of one peer that
/// are about an outage must not run beside others of that peer.
/// </para>
/// </summary>
public abstract class SinkContract
{
    /// <summary>What every sink promises, a case each.</summary>
    public static IEnumerable<object[]> Promises => Cases(SinkPromises.OfEverySink);

    /// <summary>
    /// What a sink promises whose peer can be away; needs <see cref="GoAwayAsync"/> and <see cref="ComeBackAsync"/>.
    /// </summary>
    public static IEnumerable<object[]> OutagePromises => Cases(SinkOutagePromises.All);

    /// <summary>
    /// What a sink promises that can never deliver some outputs; needs <see cref="Undeliverable"/>.
    /// </summary>
    public static IEnumerable<object[]> RefusalPromises => Cases(SinkPromises.OfRefusal);

    /// <summary>How long things may take, and which of the permitted ways the sink goes.</summary>
    protected internal virtual SinkContractOptions Options { get; } = new();

    /// <summary>
    /// Why a promise is none of this sink's, a sentence; null = it is one. The reason is printed by
    /// <see cref="Print"/>, and the case passes.
    /// </summary>
    protected internal virtual string? LeftOut(SinkPromise promise) => null;

    /// <summary>Says what was left out: to the console, unless the test framework has a better place.</summary>
    protected virtual void Print(string line) => Console.WriteLine(line);

    /// <summary>
    /// The value of an output that a text tells apart from others: its UTF-8 bytes, or for a sink whose values have a
    /// format, a value of that, such as a JSON document with the text in it.
    /// </summary>
    protected internal virtual byte[] Value(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>
    /// Whether the sink refuses an output, as one that no retry can deliver. By default it refuses none.
    /// </summary>
    protected internal virtual bool IsRefused(SinkOutput output) => false;

    /// <summary>
    /// What a reader sees of an output: without the parts that the sink does not deliver, such as a key. By default all
    /// of it. What distinguishes plain outputs is their value.
    /// </summary>
    protected internal virtual SinkOutput Seen(SinkOutput output) => output;

    /// <summary>An output that the sink refuses.</summary>
    protected internal virtual SinkOutput Undeliverable =>
        throw Missing(nameof(RefusalPromises), nameof(Undeliverable));

    /// <summary>Checks one promise.</summary>
    /// <param name="promise">One of the lists'.</param>
    /// <exception cref="SinkContractException">
    /// The sink breaks it, or nothing that it delivers is ever seen, so that keeping it proves nothing; the message
    /// says what was expected and what came.
    /// </exception>
    public async Task CheckAsync(SinkPromise promise)
    {
        var check = All.FirstOrDefault(each => each.Promise == promise)
            ?? throw new ArgumentOutOfRangeException(nameof(promise), promise, "There is no such promise.");
        if (LeftOut(promise) is { } reason)
        {
            Print($"{GetType().Name} leaves out {promise} (\"{check.Text}\"): {reason}");
            return;
        }

        var trial = new SinkTrial(this, check.Text, await OpenAsync());
        var checking = ProveAsync(check, trial);
        await checking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var ending = trial.EndAsync();
        await ending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // The promise comes first: a sink that broke it may well end badly.
        await checking;
        await ending;
    }

    /// <summary>Opens a sink of the case's own. Its peer may be away: it connects later, by itself.</summary>
    protected internal abstract Task<ISink> OpenAsync();

    /// <summary>
    /// What a reader of a destination sees by now: the outputs that arrived so far, in their order. It is asked again
    /// and again until everything is there.
    /// </summary>
    protected internal abstract Task<IReadOnlyList<SinkOutput>> DeliveredAsync(string destination);

    /// <summary>
    /// Makes a destination that keeps one order: creates a topic of one partition, subscribes to a channel. By default
    /// there is nothing to make.
    /// </summary>
    /// <param name="name">A name that nobody else uses: lower-case letters, digits and dashes.</param>
    /// <returns>The destination as outputs name it.</returns>
    protected internal virtual Task<string> MakeDestinationAsync(string name) => Task.FromResult(name);

    /// <summary>Takes the peer away: from its return on, nothing is taken.</summary>
    protected internal virtual Task GoAwayAsync() => throw Missing(nameof(OutagePromises), nameof(GoAwayAsync));

    /// <summary>Brings the peer back, with what it had.</summary>
    protected internal virtual Task ComeBackAsync() => throw Missing(nameof(OutagePromises), nameof(ComeBackAsync));

    private static async Task ProveAsync(SinkPromiseCheck check, SinkTrial trial)
    {
        await check.RunAsync(trial);
        await trial.ExpectProofAsync();
    }

    private static IEnumerable<SinkPromiseCheck> All =>
        [.. SinkPromises.OfEverySink, .. SinkOutagePromises.All, .. SinkPromises.OfRefusal];

    private static IEnumerable<object[]> Cases(IEnumerable<SinkPromiseCheck> list) =>
        list.Select(static each => new object[] { each.Promise });

    private SinkContractException Missing(string list, string hook) =>
        new($"{GetType().Name} runs {list}, which need {hook}: override it, or do not run the list.");
}
