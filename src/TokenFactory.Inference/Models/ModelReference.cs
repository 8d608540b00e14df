namespace TokenFactory.Inference.Models;

/// <summary>A model that a user named: by object, by name, or by path.</summary>
/// <param name="Path">Full path of the folder; null for the embedded default, which is made when it is opened first.</param>
public record ModelReference(string? Path)
{
    /// <summary>The embedded default.</summary>
    public static ModelReference Default { get; } = new((string?)null);

    /// <summary>The model that a text names: a folder that exists, else a cached model's name.</summary>
    /// <param name="text">What the user typed.</param>
    /// <param name="fullPath">The text as a full path of the session.</param>
    /// <remarks>A text that names nothing is kept as a path, so that opening it says that there is no such folder.</remarks>
    public static ModelReference Find(string text, string fullPath)
    {
        Onnx.ModelFolderTransaction.Repair(fullPath);
        if (Directory.Exists(fullPath) || File.Exists(fullPath))
        {
            return new ModelReference(fullPath);
        }

        if (string.Equals(text, DefaultModel.Name, StringComparison.OrdinalIgnoreCase))
        {
            return Default;
        }

        string? cached = DefaultModel.CachedFolders().FirstOrDefault(f => string.Equals(System.IO.Path.GetFileName(f), text, StringComparison.OrdinalIgnoreCase));
        return new ModelReference(cached ?? fullPath);
    }

    /// <summary>Opens the folder; makes the embedded default when it is not there.</summary>
    /// <param name="variant">Which graph of several, see <see cref="ModelFolder.Open"/>.</param>
    /// <param name="progress">Gets 0 to 1 while the default is made; null for none.</param>
    /// <param name="cancellationToken">Ends the making.</param>
    /// <exception cref="ModelFolderException">The folder can't be used.</exception>
    public ModelFolder Open(string? variant = null, IProgress<float>? progress = null, CancellationToken cancellationToken = default) =>
        Path is null ? DefaultModel.Ensure(progress, cancellationToken) : ModelFolder.Open(Path, variant);

    /// <inheritdoc/>
    public override string ToString() => Path ?? DefaultModel.Name;
}
