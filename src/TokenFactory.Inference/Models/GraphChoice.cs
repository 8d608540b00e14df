namespace TokenFactory.Inference.Models;

/// <summary>Chooses the graph of a folder that may have several, one for each precision.</summary>
internal static class GraphChoice
{
    private static readonly string[] s_preferred =
        ["model.onnx", "decoder_model_merged.onnx", "model_q4.onnx", "model_int4.onnx", "model_quantized.onnx", "model_int8.onnx", "model_q4f16.onnx", "model_fp16.onnx", "decoder_with_past_model.onnx"];

    /// <summary>True when the folder or its <c>onnx</c> folder has a graph.</summary>
    public static bool HasGraph(ContainedFiles files) => Graphs(files).Any();

    /// <summary>Relative path of the graph to use.</summary>
    /// <param name="files">The folder.</param>
    /// <param name="variant">What the user asked for; null for the usual one.</param>
    /// <exception cref="ModelFolderException"><c>ModelFileMissing</c>.</exception>
    public static string Choose(ContainedFiles files, string? variant)
    {
        List<string> graphs = [.. Graphs(files)];
        if (variant is not null)
        {
            string name = variant.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) ? variant : variant + ".onnx";
            return graphs.Find(g => Is(g, name)) ?? graphs.Find(g => Is(g, "model_" + name)) ?? graphs.Find(g => Path.GetFileName(g).EndsWith("_" + name, StringComparison.OrdinalIgnoreCase))
                ?? throw ModelFolderException.Invalid(files.Folder, $"it has no variant '{variant}'", $"Its graphs are {string.Join(", ", graphs.Select(Path.GetFileName))}");
        }

        return s_preferred.Select(p => graphs.Find(g => Is(g, p))).FirstOrDefault(g => g is not null) ?? graphs[0];
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
