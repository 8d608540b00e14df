using System.Buffers;
using TokenFactory.Core;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Models;

/// <summary>The embedded default: a model of 15 million random int4 parameters, made once a user, used when no model is named.</summary>
public static class DefaultModel
{
    /// <summary>Its name.</summary>
    public const string Name = "demo";

    // Part of the folder's name: a release that writes other bytes must not find the old ones.
    private const string Revision = "1";

    private const int PollMilliseconds = 50;

    // Windows' list on every system, so that a cache can be carried from one to another.
    private static readonly SearchValues<char> s_invalid = SearchValues.Create([.. "/\\:*?\"<>|[]", .. Enumerable.Range(0, 32).Select(c => (char)c)]);
    private static readonly Lock s_lock = new();

    /// <summary>Full path of the model's folder, whether it exists or not.</summary>
    public static string Path => System.IO.Path.Combine(ModelsFolder, $"{Name}-{Revision}");

    /// <summary>Folder that named models are written to and found in.</summary>
    public static string ModelsFolder => System.IO.Path.Combine(UserFolders.Cache, "models");

    /// <summary>Full paths of the cached models' folders, the embedded default's left out.</summary>
    public static IReadOnlyList<string> CachedFolders()
    {
        if (!Directory.Exists(ModelsFolder))
        {
            return [];
        }

        ModelFolderTransaction.RepairAll(ModelsFolder);
        return [.. Directory.EnumerateDirectories(ModelsFolder).Where(f => f != Path && !System.IO.Path.GetFileName(f).StartsWith('.') && ModelFolder.LooksLikeModel(f)).Order(StringComparer.Ordinal)];
    }

    /// <summary>Folder of a named model in the cache.</summary>
    /// <param name="name">The model's name.</param>
    /// <exception cref="ModelFolderException"><c>ModelFolderInvalid</c>: the name cannot be a folder's.</exception>
    public static string NamedFolder(string name) =>
        name.AsSpan().ContainsAny(s_invalid) || name.StartsWith('.') || name.EndsWith('.')
            ? throw ModelFolderException.Invalid(name, "a folder cannot have this name", "Give another name, or a path")
            : string.Equals(name, Name, StringComparison.OrdinalIgnoreCase) ? Path : System.IO.Path.Combine(ModelsFolder, name);

    /// <summary>What it is made of.</summary>
    public static SyntheticModelOptions Options { get; } = new() { Name = Name, Parameters = 15_000_000, Precision = ModelPrecision.Int4, LogitRows = LogitRows.Selected };

    /// <summary>True when it was made.</summary>
    public static bool Exists => File.Exists(System.IO.Path.Combine(Path, "genai_config.json"));

    /// <summary>Opens the model, and makes it first when it is not there or torn. Threads and processes may do so at once.</summary>
    /// <param name="progress">Gets 0 to 1 while it is made; null for none.</param>
    /// <param name="cancellationToken">Ends the making; nothing is left behind.</param>
    /// <exception cref="ModelFolderException"><c>DiskFull</c>.</exception>
    public static ModelFolder Ensure(IProgress<float>? progress = null, CancellationToken cancellationToken = default)
    {
        lock (s_lock)
        {
            string path = Path;
            if (IsWhole(path))
            {
                return ModelFolder.Open(path);
            }

            using FileStream held = HoldCache(path, cancellationToken);
            if (!IsWhole(path))
            {
                SyntheticModel.Write(Options, path, progress, cancellationToken);
            }

            return ModelFolder.Open(path);
        }
    }

    private static bool IsWhole(string path)
    {
        try
        {
            return Exists && ModelFolder.Open(path).TokenizerPath is not null;
        }
        catch (ModelFolderException)
        {
            // Torn by something else than us: it is made anew.
            return false;
        }
    }

    // Only one process makes the model; the others wait for it and find it made.
    private static FileStream HoldCache(string path, CancellationToken cancellationToken)
    {
        string file = path + ".lock";
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (File.Exists(file) && !ModelFolderTransaction.IsDiskFull(e))
            {
                cancellationToken.WaitHandle.WaitOne(PollMilliseconds);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Opens or makes the model off the caller's thread; see <see cref="Ensure"/>.</summary>
    /// <param name="progress">Gets 0 to 1 while it is made; null for none.</param>
    /// <param name="cancellationToken">Ends the making; nothing is left behind.</param>
    public static Task<ModelFolder> EnsureAsync(IProgress<float>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => Ensure(progress, cancellationToken), cancellationToken);
}
