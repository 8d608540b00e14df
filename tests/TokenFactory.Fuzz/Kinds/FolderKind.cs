using TokenFactory.Inference.Models;

namespace TokenFactory.Fuzz;

/// <summary>What of a model folder is mutated.</summary>
public enum FolderMutation
{
    /// <summary>Its config.</summary>
    Config,

    /// <summary>The bytes and fields of its graph.</summary>
    GraphBytes,

    /// <summary>What its graph says.</summary>
    GraphMeaning,
}

/// <summary>Mutated model folders that are opened, and whose graphs, where opening lets them pass, are loaded and run for three tokens.</summary>
public sealed class FolderKind(string root, FolderMutation mutation) : IFuzzKind
{
    private readonly MadeFolders _folders = new(root);

    private string _folder = "";

    /// <inheritdoc/>
    public void Prepare(int number) => _folder = _folders.Make(number, mutation);

    /// <inheritdoc/>
    public string Run(Action running)
    {
        DecoderGraph graph = ModelFolder.Open(_folder).Graph;
        return ModelCase.Load(graph, running) is null ? "worked" : "ModelNotLoadable";
    }
}
