using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Fuzz;

/// <summary>Small model folders of several kinds, and mutations of them by number: equal numbers give equal folders.</summary>
public sealed class MadeFolders
{
    private readonly string _root;
    private readonly List<(string Folder, string Graph, string Config)> _bases = [];
    private readonly Dictionary<string, byte[]> _originals = [];

    private string? _changed;

    /// <summary>Writes the folders.</summary>
    /// <param name="root">An empty folder.</param>
    public MadeFolders(string root)
    {
        _root = root;
        Add("llama", DecoderFamily.Llama, ModelLayout.GenAI, ModelPrecision.Int4);
        Add("phi", DecoderFamily.Phi3 with { OriginalContext = 8 }, ModelLayout.GenAI, ModelPrecision.Fp32);
        Add("mixture", DecoderFamily.GptOss with { Experts = 4, ExpertsPerToken = 2 }, ModelLayout.GenAI, ModelPrecision.Int4);
        Add("gemma", DecoderFamily.Gemma2, ModelLayout.HuggingFace, ModelPrecision.Fp32);
        Add("merged", DecoderFamily.Qwen3, ModelLayout.HuggingFace, ModelPrecision.Int8, new ExportForm { Merged = true });
    }

    /// <summary>The folders.</summary>
    public IReadOnlyList<(string Folder, string Graph, string Config)> Bases => _bases;

    /// <summary>Makes a mutated folder and returns its path; what the last call changed is put back first.</summary>
    public string Make(int number, FolderMutation mutation)
    {
        Restore();
        (string folder, string graph, string config) = _bases[number % _bases.Count];
        string target = mutation != FolderMutation.Config ? graph : (number / _bases.Count % 4) switch
        {
            0 => Path.Combine(folder, "tokenizer_config.json"),
            _ => config,
        };
        byte[] original = _originals[target];
        _changed = target;
        File.WriteAllBytes(target, mutation switch
        {
            FolderMutation.GraphBytes => new WireMutator(number).Mutate(original),
            FolderMutation.GraphMeaning => new GraphMutator(number).Mutate(original, Path.GetFileName(graph)),
            _ => number / 3 % 2 == 0 ? System.Text.Encoding.UTF8.GetBytes(new JsonMutator(number).Mutate(System.Text.Encoding.UTF8.GetString(original))) : TextMutator.Mutate(original, number),
        });
        return folder;
    }

    /// <summary>Puts back what the last call changed.</summary>
    private void Restore()
    {
        if (_changed is not null)
        {
            File.WriteAllBytes(_changed, _originals[_changed]);
            _changed = null;
        }
    }

    /// <summary>The graph's file in a folder of <see cref="Make"/>.</summary>
    public string Graph(string folder) => _bases.First(b => b.Folder == folder).Graph;

    private void Add(string name, DecoderFamily family, ModelLayout layout, ModelPrecision precision, ExportForm? form = null)
    {
        var shape = new DecoderShape
        {
            Hidden = 64,
            Layers = 2,
            Heads = 2,
            KvHeads = 1,
            HeadSize = 64,
            Intermediate = 64,
            Vocabulary = 300,
            Context = 64,
            TiedEmbeddings = true,
            Family = family,
        };
        string folder = Path.Combine(_root, name);
        SyntheticModel.Write(new SyntheticModelOptions { Name = name, Shape = shape, Precision = precision, Layout = layout, Export = form ?? new() }, folder);
        string graph = ModelFolder.Open(folder).Graph.ModelPath;
        string config = Path.Combine(folder, layout == ModelLayout.GenAI ? "genai_config.json" : "config.json");
        _bases.Add((folder, graph, config));
        foreach (string path in new[] { graph, config, Path.Combine(folder, "tokenizer_config.json") })
        {
            _originals[path] = File.ReadAllBytes(path);
        }
    }
}
