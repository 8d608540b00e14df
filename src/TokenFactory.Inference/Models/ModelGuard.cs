using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Models;

/// <summary>Checks of a graph's structure before ONNX Runtime sees it, so that a torn or hostile file is an error and not a crash.</summary>
/// <remarks>Held against mutated graphs in child processes; <c>docs/models.md</c> tells what was tried and what came of it.</remarks>
internal static class ModelGuard
{
    private const int MaximumRank = 8;
    private const long MaximumTensorBytes = 1L << 40;
    private const long MaximumExpandedNodes = 10_000;

    private static readonly string[] s_domains = ["", "ai.onnx", "ai.onnx.ml", OnnxOps.Microsoft, "com.microsoft.nchwc", "com.ms.internal.nhwc"];

    // They load compiled code or other files.
    private static readonly string[] s_refusedOps = ["EPContext", "PyOp", "PythonOp", "ExternalStream"];

    /// <summary>Checks a graph.</summary>
    /// <param name="path">Full path of its file.</param>
    /// <param name="file">What the file says.</param>
    /// <exception cref="ModelFolderException"><c>ModelFolderInvalid</c> or <c>ModelGraphUnsupported</c>.</exception>
    public static void Check(string path, OnnxFile file)
    {
        if (path.EndsWith(".ort", StringComparison.OrdinalIgnoreCase))
        {
            throw ModelFolderException.Unsupported(path, "ONNX Runtime reads a file of this extension as another format, which is not checked here");
        }

        HashSet<(string, string)> functions = [.. file.Functions.Select(f => (f.Domain, f.Name))];
        RequireSmallExpansion(path, file);
        Graph(path, file.Graph, functions);
        ConstantSizes.Check(path, file.Graph);
        foreach (OnnxFunction function in file.Functions)
        {
            Graph(path, function.Body, functions);
            ConstantSizes.Check(path, function.Body);
        }

        foreach (OnnxTensor tensor in file.AllTensors())
        {
            Tensor(path, tensor);
        }
    }

    private static void Graph(string path, OnnxGraph graph, HashSet<(string Domain, string Name)> functions)
    {
        foreach ((OnnxNode node, OnnxGraph inside) in graph.AllNodes())
        {
            if (inside.HasSparse || node.Attributes.Values.Any(a => a.IsSparse))
            {
                throw ModelFolderException.Unsupported(path, "it has sparse weights");
            }

            if (s_refusedOps.Contains(node.Op) || (!s_domains.Contains(node.Domain) && !functions.Contains((node.Domain, node.Op))))
            {
                throw ModelFolderException.Unsupported(path, $"its operator '{Shorten(node.Domain)}:{Shorten(node.Op)}' is not one that is run here");
            }

            ExpertShapes.Check(path, node, inside, graph);
        }
    }

    private static void Tensor(string path, OnnxTensor tensor)
    {
        long elements = tensor.Elements;
        double bits = Bits(tensor.Type);
        if (elements < 0 || tensor.Shape.Count > MaximumRank || elements * bits / 8 > MaximumTensorBytes)
        {
            throw ModelFolderException.Invalid(path, $"the weight '{Shorten(tensor.Name)}' has an impossible shape");
        }

        long bytes = (long)Math.Ceiling(elements * bits / 8);
        long stored = tensor.Location is not null ? tensor.Length ?? bytes : tensor.RawLength;
        if (tensor.Type == OnnxType.Text || (stored == 0 && tensor.HasTypedData))
        {
            return;
        }

        if (bits == 0)
        {
            throw ModelFolderException.Invalid(path, $"the weight '{Shorten(tensor.Name)}' has an unknown element type");
        }

        if (stored != bytes)
        {
            throw ModelFolderException.Invalid(path, $"the weight '{Shorten(tensor.Name)}' has {stored} bytes and its shape needs {bytes}");
        }
    }

    private static double Bits(OnnxType type) => type switch
    {
        OnnxType.Float or OnnxType.Int32 or OnnxType.UInt32 => 32,
        OnnxType.Double or OnnxType.Int64 or OnnxType.UInt64 or (OnnxType)14 => 64,
        (OnnxType)15 => 128,
        OnnxType.Float16 or OnnxType.BFloat16 or OnnxType.Int16 or OnnxType.UInt16 => 16,
        OnnxType.UInt4 or OnnxType.Int4 or (OnnxType)23 => 4,
        OnnxType.UInt8 or OnnxType.Int8 or OnnxType.Bool or OnnxType.Float8E4M3FN or (OnnxType)18 or (OnnxType)19 or (OnnxType)20 or (OnnxType)24 => 8,
        _ => 0,
    };

    // Functions are expanded in place: one that leads to itself never ends, and a chain that doubles at each step ends too late.
    private static void RequireSmallExpansion(string path, OnnxFile file)
    {
        // Overloads share a name: whichever is meant, all are counted.
        ILookup<(string, string), OnnxFunction> byName = file.Functions.ToLookup(f => (f.Domain, f.Name));
        Dictionary<OnnxFunction, long> sizes = new(ReferenceEqualityComparer.Instance);
        HashSet<OnnxFunction> open = new(ReferenceEqualityComparer.Instance);

        long Nodes(OnnxGraph graph, int depth, bool counts)
        {
            long nodes = 0;
            foreach ((OnnxNode node, _) in graph.AllNodes())
            {
                nodes += (counts ? 1 : 0) + byName[(node.Domain, node.Op)].Sum(f => Size(f, depth + 1));
                if (nodes > MaximumExpandedNodes)
                {
                    throw ModelFolderException.Invalid(path, $"its functions expand to more than {MaximumExpandedNodes} operators");
                }
            }

            return nodes;
        }

        long Size(OnnxFunction function, int depth)
        {
            if (sizes.TryGetValue(function, out long known))
            {
                return known;
            }

            if (!open.Add(function) || depth > 32)
            {
                throw ModelFolderException.Invalid(path, $"its function '{Shorten(function.Name)}' leads to itself");
            }

            long size = Nodes(function.Body, depth, counts: true);
            open.Remove(function);
            return sizes[function] = size;
        }

        foreach (OnnxFunction function in file.Functions)
        {
            Size(function, 0);
        }

        if (file.Functions.Count > 0)
        {
            Nodes(file.Graph, 0, counts: false);
        }
    }

    /// <summary>A name cut to what a message holds.</summary>
    public static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
