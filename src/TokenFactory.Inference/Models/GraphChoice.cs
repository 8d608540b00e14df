namespace TokenFactory.Inference.Models;

/// <summary>Chooses the graph of a folder that may have several, one for each precision.</summary>
internal static class GraphChoice
{
    // A decoder without past keys, or a part of a model that sees or hears, is taken only when there is nothing else.
    private static readonly string[] s_stems = ["model", "decoder_model_merged", "decoder_with_past_model"];
    private static readonly string[] s_suffixes = ["", "_q4", "_int4", "_quantized", "_int8", "_q4f16", "_fp16", "_uint8", "_bnb4"];

    /// <summary>True when the folder or its <c>onnx</c> folder has a graph.</summary>
    public static bool HasGraph(ContainedFiles files) => Graphs(files).Any();

    /// <summary>Relative path of the graph to use.</summary>
    /// <param name="files">The folder.</param>
    /// <param name="variant">What the user asked for; null for the usual one.</param>
    /// <param name="usual">What the publisher recommends, as <c>transformers.js_config</c> has it (<c>q4</c>); null when it says nothing.</param>
    /// <exception cref="ModelFolderException"><c>ModelFolderInvalid</c>: there is no such variant.</exception>
    public static string Choose(ContainedFiles files, string? variant, string? usual = null)
    {
        List<string> graphs = [.. Graphs(files)];
        if (variant is not null)
        {
            return Find(graphs, variant)
                ?? throw ModelFolderException.Invalid(files.Folder, $"it has no variant '{variant}'", $"Its graphs are {string.Join(", ", graphs.Select(Path.GetFileName))}: give what follows model_ in one of them, or its file's name");
        }

        string? recommended = usual is null ? null : Find(graphs, usual);
        return recommended ?? s_suffixes.SelectMany(suffix => s_stems.Select(stem => graphs.Find(g => Is(g, stem + suffix + ".onnx")))).FirstOrDefault(g => g is not null)
            ?? graphs.Find(g => s_stems.Any(stem => Path.GetFileName(g).StartsWith(stem + "_", StringComparison.OrdinalIgnoreCase))) ?? graphs[0];
    }

    /// <summary>The other graphs of a folder, for a message: empty, or a sentence that names them.</summary>
    public static string Others(ContainedFiles files, string graph)
    {
        string[] others = [.. Graphs(files).Where(g => g != graph).Select(g => Path.GetFileName(g))];
        return others.Length == 0 ? "" : $", or choose another of its graphs ({string.Join(", ", others)})";
    }

    private static string? Find(List<string> graphs, string variant)
    {
        string name = variant.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) ? variant[..^5] : variant;
        string[] names = name.ToUpperInvariant() switch
        {
            "FP32" => ["", "fp32"],
            "Q8" => ["quantized", "q8"],
            _ => [name],
        };
        return graphs.Find(g => Is(g, name + ".onnx"))
            ?? names.SelectMany(n => s_stems.Select(stem => graphs.Find(g => Is(g, n.Length == 0 ? $"{stem}.onnx" : $"{stem}_{n}.onnx")))).FirstOrDefault(g => g is not null)
            ?? graphs.Find(g => Path.GetFileName(g).EndsWith($"_{name}.onnx", StringComparison.OrdinalIgnoreCase));
    }

    private static bool Is(string graph, string name) => string.Equals(Path.GetFileName(graph), name, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> Graphs(ContainedFiles files)
    {
        foreach (string sub in new[] { "onnx", "" })
        {
            string folder = Path.Combine(files.Folder, sub);
            if (Directory.Exists(folder))
            {
                foreach (string path in Directory.EnumerateFiles(folder, "*.onnx").Order(StringComparer.Ordinal))
                {
                    yield return sub.Length == 0 ? Path.GetFileName(path) : $"{sub}/{Path.GetFileName(path)}";
                }
            }
        }
    }
}
