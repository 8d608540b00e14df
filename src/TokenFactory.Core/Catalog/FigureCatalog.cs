using System.Reflection;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Definitions.Reading;

namespace TokenFactory.Core.Catalog;

/// <summary>The published figures: accelerators, model architectures and workload profiles, from the module's data files and the user's.</summary>
/// <remarks>Names and aliases are compared without regard to case. A user's entry hides one of the module's with the same name.</remarks>
public sealed class FigureCatalog
{
    private static readonly Lock s_lock = new();
    private static (string Stamp, FigureCatalog Catalog)? s_current;

    private readonly Dictionary<string, AcceleratorSpecification> _accelerators = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, ArchitectureSpecification> _architectures = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, WorkloadProfile> _workloads = new(StringComparer.OrdinalIgnoreCase);

    private FigureCatalog(
        IEnumerable<AcceleratorSpecification> accelerators, IEnumerable<ArchitectureSpecification> architectures, IEnumerable<WorkloadProfile> workloads)
    {
        Accelerators = Index(accelerators, a => a.Name, a => a.Aliases, _accelerators);
        Architectures = Index(architectures, a => a.Name, a => a.Aliases, _architectures);
        Workloads = Index(workloads, w => w.Name!, w => w.Aliases, _workloads);
    }

    /// <summary>The module's figures alone.</summary>
    public static FigureCatalog BuiltIn => s_builtIn.Value;

    private static readonly Lazy<FigureCatalog> s_builtIn = new(LoadBuiltIn);

    /// <summary>Accelerators, the user's first.</summary>
    public IReadOnlyList<AcceleratorSpecification> Accelerators { get; }

    /// <summary>Model architectures, the user's first.</summary>
    public IReadOnlyList<ArchitectureSpecification> Architectures { get; }

    /// <summary>Workload profiles, the user's first.</summary>
    public IReadOnlyList<WorkloadProfile> Workloads { get; }

    /// <summary>The module's figures with the user's: every <c>catalog/*.yaml</c> in <see cref="UserFolders.Config"/>.</summary>
    /// <returns>The catalog; read again when one of the user's files has changed.</returns>
    /// <exception cref="DefinitionException">A user's file has mistakes.</exception>
    public static FigureCatalog Load()
    {
        string folder = Path.Join(UserFolders.Config, "catalog");
        FileInfo[] files = Directory.Exists(folder)
            ? [.. new DirectoryInfo(folder).EnumerateFiles("*.yaml").OrderBy(f => f.FullName, StringComparer.Ordinal)]
            : [];
        if (files.Length == 0)
        {
            return BuiltIn;
        }

        string stamp = string.Join('|', files.Select(f => $"{f.FullName}:{f.LastWriteTimeUtc.Ticks}:{f.Length}"));
        lock (s_lock)
        {
            if (s_current is not { } current || current.Stamp != stamp)
            {
                FigureCatalog catalog = BuiltIn;
                foreach (FileInfo file in files)
                {
                    catalog = ReadFile(file.Name, FactoryReader.ReadBytes(file.FullName), FigureSource.Declared).Over(catalog);
                }

                s_current = current = (stamp, catalog);
            }

            return current.Catalog;
        }
    }

    /// <summary>The accelerator of a name or alias; null when there is none.</summary>
    /// <param name="name">The name, in any case.</param>
    public AcceleratorSpecification? FindAccelerator(string name) => _accelerators.GetValueOrDefault(name);

    /// <summary>The architecture of a name or alias; null when there is none.</summary>
    /// <param name="name">The name, in any case.</param>
    public ArchitectureSpecification? FindArchitecture(string name) => _architectures.GetValueOrDefault(name);

    /// <summary>The workload profile of a name or alias; null when there is none.</summary>
    /// <param name="name">The name, in any case.</param>
    public WorkloadProfile? FindWorkload(string name) => _workloads.GetValueOrDefault(name);

    /// <summary>The accelerator that a device reports itself to be: the longest name or alias whose words are all in the device's name; null when none is.</summary>
    /// <param name="deviceName">The name that a driver reports, such as <c>NVIDIA H100 80GB HBM3</c>.</param>
    public AcceleratorSpecification? MatchDevice(string deviceName)
    {
        ArgumentNullException.ThrowIfNull(deviceName);
        HashSet<string> words = [.. Words(deviceName)];
        return _accelerators
            .Where(a => Words(a.Key).All(words.Contains))
            .OrderByDescending(a => Words(a.Key).Length).ThenByDescending(a => a.Key.Length).ThenBy(a => a.Key, StringComparer.OrdinalIgnoreCase)
            .Select(a => a.Value).FirstOrDefault();
    }

    private static string[] Words(string name) => name.ToUpperInvariant().Split([' ', '-', '_', '(', ')', '/'], StringSplitOptions.RemoveEmptyEntries);

    internal IEnumerable<string> AcceleratorNames => _accelerators.Keys;

    internal IEnumerable<string> ArchitectureNames => _architectures.Keys;

    internal IEnumerable<string> WorkloadNames => _workloads.Keys;

    /// <summary>This catalog's entries before another's.</summary>
    internal FigureCatalog Over(FigureCatalog other) => new(
        Accelerators.Concat(other.Accelerators), Architectures.Concat(other.Architectures), Workloads.Concat(other.Workloads));

    /// <summary>The entries of a record that has the catalog's three lists.</summary>
    internal static FigureCatalog Bind(RecordValue lists, FigureSource source)
    {
        // A definition with mistakes is bound too, so that its names are known to the checks: entries without a name are left out.
        IEnumerable<RecordValue> Named(string list) => lists.Records(list).Where(r => r.Text("name") is not null);
        return new FigureCatalog(
            Named("accelerators").Select(r => CatalogBinder.Accelerator(r, source)),
            Named("architectures").Select(r => CatalogBinder.Architecture(r, source)),
            Named("workloads").Where(r => r.Number("input") is not null && r.Number("output") is not null).Select(r => CatalogBinder.Workload(r, source)));
    }

    /// <summary>Reads a catalog file.</summary>
    /// <exception cref="DefinitionException">It has mistakes.</exception>
    internal static FigureCatalog ReadFile(string name, byte[] bytes, FigureSource source)
    {
        List<DefinitionProblem> problems = [];
        RecordValue? lists = null;
        if (SourceText.Decode(name, bytes, problems) is { } text && NodeReader.Read(text, problems) is { } node)
        {
            lists = new ShapeReader(problems, "USD").Read(node, CatalogShape.File, "") as RecordValue;
        }

        return problems.Count == 0 && lists is not null ? Bind(lists, source) : throw new DefinitionException(name, problems);
    }

    private static FigureCatalog LoadBuiltIn()
    {
        Assembly assembly = typeof(FigureCatalog).Assembly;
        FigureCatalog catalog = new([], [], []);
        foreach (string name in assembly.GetManifestResourceNames().Where(n => n.StartsWith("Catalog/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            catalog = catalog.Over(ReadFile(name, bytes, FigureSource.Catalog));
        }

        return catalog;
    }

    // The first of a name stays; an alias never hides a name.
    private static T[] Index<T>(IEnumerable<T> entries, Func<T, string> name, Func<T, IEnumerable<string>> aliases, Dictionary<string, T> index)
    {
        List<T> kept = [];
        foreach (T entry in entries)
        {
            if (index.TryAdd(name(entry), entry))
            {
                kept.Add(entry);
            }
        }

        foreach ((T entry, string alias) in kept.SelectMany(e => aliases(e).Select(a => (e, a))))
        {
            index.TryAdd(alias, entry);
        }

        return [.. kept];
    }
}
