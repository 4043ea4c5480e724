using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace StreamActors.Simulation.Tests.Mutation;

/// <summary>
/// The simulation around an engine with a decision replaced: the sources of one project are compiled with the mutant's
/// edits, and everything that stands on it, this test assembly included, is loaded once more on top of the result.
/// </summary>
internal sealed class MutatedEngine : AssemblyLoadContext
{
    // The project that is mutated is among them; the others are as they were built.
    private static readonly string[] Ours =
    [
        "StreamActors.Core", "StreamActors.Hosting", "StreamActors.Testing",
        typeof(MutatedEngine).Assembly.GetName().Name!,
    ];

    // What the SDK writes for each project beside its own sources (ImplicitUsings).
    private static readonly SyntaxTree Usings = CSharpSyntaxTree.ParseText(string.Concat(
        new[] { "", ".Collections.Generic", ".IO", ".Linq", ".Net.Http", ".Threading", ".Threading.Tasks" }
            .Select(static name => $"global using System{name};\n")));

    private static readonly Lazy<MetadataReference[]> References = new(static () =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(static path => MetadataReference.CreateFromFile(path))]);

    private static readonly Dictionary<string, Lazy<SyntaxTree[]>> Sources = new[] { "Core", "Testing" }.ToDictionary(
        static name => $"StreamActors.{name}",
        static name => new Lazy<SyntaxTree[]>(() => Parse($"StreamActors.{name}")));

    private readonly string project;
    private readonly MemoryStream image;

    /// <summary>Compiles a mutant.</summary>
    /// <exception cref="InvalidOperationException">
    /// The text that it replaces is gone, or what stands in its place does not compile.
    /// </exception>
    public MutatedEngine(Mutant mutant)
        : base(mutant.Name, isCollectible: true)
    {
        project = mutant.Edits[0].File.Split('/')[0];
        image = Compile(mutant);
    }

    /// <summary>A method of <see cref="Probe"/>, in the copy that stands on the mutated engine.</summary>
    public T Method<T>(string name)
        where T : Delegate =>
        LoadFromAssemblyName(typeof(Probe).Assembly.GetName()).GetType(typeof(Probe).FullName!)!.GetMethod(name)!
            .CreateDelegate<T>();

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (assemblyName.Name == project)
        {
            image.Position = 0;
            return LoadFromStream(image);
        }

        return Ours.Contains(assemblyName.Name)
            ? LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, $"{assemblyName.Name}.dll"))
            : null;
    }

    private static SyntaxTree[] Parse(string project)
    {
        var folder = Path.Combine(Repository.Root, "src", project);
        return
        [
            .. Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
                .Where(path => !Path.GetRelativePath(folder, path).StartsWith("obj", StringComparison.Ordinal))
                .Select(static path => CSharpSyntaxTree.ParseText(File.ReadAllText(path), path: path)),
        ];
    }

    private static SyntaxTree[] Edit(Mutant mutant, SyntaxTree[] sources)
    {
        SyntaxTree[] edited = [.. sources];
        foreach (var (file, original, replacement) in mutant.Edits)
        {
            var index = Array.FindIndex(
                edited, each => each.FilePath.EndsWith("/src/" + file, StringComparison.Ordinal));
            var text = index < 0 ? "" : edited[index].ToString();
            var isOnce = text.Split(original).Length == 2;
            if (!isOnce)
            {
                throw new InvalidOperationException(
                    $"The mutant \"{mutant.Name}\" replaces a text that is not there once, in {file}:\n{original}");
            }

            edited[index] = CSharpSyntaxTree.ParseText(
                text.Replace(original, replacement, StringComparison.Ordinal), path: edited[index].FilePath);
        }

        return edited;
    }

    private MemoryStream Compile(Mutant mutant)
    {
        var original = Default.LoadFromAssemblyName(new AssemblyName(project));
        var friends = original.GetCustomAttributes<InternalsVisibleToAttribute>().Select(static friend =>
            $"[assembly: System.Runtime.CompilerServices.InternalsVisibleTo(\"{friend.AssemblyName}\")]\n");
        var compilation = CSharpCompilation.Create(
            project,
            [.. Edit(mutant, Sources[project].Value), Usings, CSharpSyntaxTree.ParseText(string.Concat(friends))],
            References.Value.Where(each => Path.GetFileNameWithoutExtension(each.Display) != project),
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary,
                optimizationLevel: OptimizationLevel.Release,
                nullableContextOptions: NullableContextOptions.Enable));
        var emitted = new MemoryStream();
        var result = compilation.Emit(emitted);
        var errors = result.Diagnostics.Where(static found => found.Severity == DiagnosticSeverity.Error);
        return result.Success
            ? emitted
            : throw new InvalidOperationException(
                $"The mutant \"{mutant.Name}\" does not compile:\n{string.Join('\n', errors.Take(5))}");
    }
}

/// <summary>What is called in the copy of this assembly that stands on a mutated engine.</summary>
public static class Probe
{
    /// <summary>Runs the schedule of a seed.</summary>
    /// <returns>The kind of its failure and its story; null where nothing fails.</returns>
    public static (string Kind, string Story)? Run(int seed) =>
        Scenario.Run(Schedule.Draw(seed)) is { } failure ? (failure.Kind, failure.Error.ToString()) : null;

    /// <summary>How a test that fails with the seed would explain itself.</summary>
    public static string Explain(int seed) => Failure.Explain(Schedule.Draw(seed));
}
