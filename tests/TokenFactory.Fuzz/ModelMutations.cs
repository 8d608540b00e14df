using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Fuzz;

/// <summary>Small model folders of several kinds, and mutations of them by number: equal numbers give equal folders.</summary>
public sealed class ModelMutations
{
    private readonly string _root;
    private readonly List<(string Folder, string Graph, string Config)> _bases = [];
    private readonly Dictionary<string, byte[]> _originals = [];

    /// <summary>Writes the folders.</summary>
    /// <param name="root">An empty folder.</param>
    public ModelMutations(string root)
    {
        _root = root;
        Add("llama", DecoderFamily.Llama, ModelLayout.GenAI, ModelPrecision.Int4);
        Add("phi", DecoderFamily.Phi3 with { OriginalContext = 8 }, ModelLayout.GenAI, ModelPrecision.Fp32);
        Add("mixture", DecoderFamily.GptOss with { Experts = 4, ExpertsPerToken = 2 }, ModelLayout.GenAI, ModelPrecision.Int4);
        Add("gemma", DecoderFamily.Gemma2, ModelLayout.HuggingFace, ModelPrecision.Fp32);
        Add("merged", DecoderFamily.Qwen3, ModelLayout.HuggingFace, ModelPrecision.Int8, new ExportForm { Merged = true });
    }

    /// <summary>Makes a mutated folder and returns its path; what the last call changed is put back first.</summary>
    public string Make(int number, bool graphOnly)
    {
        foreach ((string path, byte[] bytes) in _originals)
        {
            if (!File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes))
            {
                File.WriteAllBytes(path, bytes);
            }
        }

        (string folder, string graph, string config) = _bases[number % _bases.Count];
        string target = graphOnly || number / _bases.Count % 3 > 0 ? graph : number % 2 == 0 ? config : Path.Combine(folder, "tokenizer_config.json");
        byte[] original = _originals[target];
        File.WriteAllBytes(target, target == graph ? new WireMutator(number).Mutate(original) : TextMutator.Mutate(original, number));
        return folder;
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
