namespace TokenFactory.Fuzz;

/// <summary>Mutated graphs that nobody checked, loaded and not run: what ONNX Runtime alone does with them.</summary>
public sealed class UncheckedKind(string root) : IFuzzKind
{
    private readonly MadeFolders _folders = new(root);

    private string _graph = "";

    /// <inheritdoc/>
    public void Prepare(int number) =>
        _graph = _folders.Graph(_folders.Make(number, number / 2 % 2 == 0 ? FolderMutation.GraphMeaning : FolderMutation.GraphBytes));

    /// <inheritdoc/>
    public string Run(Action running) => ModelCase.LoadUnchecked(_graph) is null ? "worked" : "ModelNotLoadable";
}
