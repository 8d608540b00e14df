namespace TokenFactory.Inference.Onnx;

/// <summary>Attention by ONNX Runtime's GroupQueryAttention: rotary embedding, cache update and masking in one operator.</summary>
internal sealed class GroupedAttentionWriter : AttentionWriter
{
    private readonly bool _directLengths;
    private string _lengths = "seqlens_k";
    private string _total = "total_sequence_length";

    /// <summary>Creates a writer.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="shape">The decoder.</param>
    /// <param name="norms">The norms.</param>
    /// <param name="directLengths">True when the graph takes lengths instead of a mask.</param>
    public GroupedAttentionWriter(GraphWriter graph, WeightEmitter weights, DecoderShape shape, NormWriter norms, bool directLengths)
        : base(graph, weights, shape, norms) => _directLengths = directLengths;

    /// <inheritdoc/>
    public override void Begin(string outputPrefix, bool usePast)
    {
        if (_directLengths)
        {
            Graph.Input(_lengths, OnnxType.Int32, "batch_size");
            Graph.Input(_total, OnnxType.Int32);
        }
        else
        {
            const string Prefix = "/model/attn_mask_reformat/attn_mask_subgraph";
            Graph.Input("attention_mask", OnnxType.Int64, "batch_size", "total_sequence_length");
            string one = Graph.Int64s($"{Prefix}/one", 1);
            string sum = Graph.Op("ReduceSum", $"{Prefix}/ReduceSum/output", ["attention_mask", one], ("keepdims", 0));
            _lengths = Graph.Op("Cast", $"{Prefix}/Sub/Cast/output", [Graph.Op("Sub", $"{Prefix}/Sub/output", [sum, one])], ("to", (int)OnnxType.Int32));
            string size = Graph.Op("Gather", $"{Prefix}/Gather/output",
                [Graph.Op("Shape", $"{Prefix}/Shape/output", ["attention_mask"]), Graph.Int64($"{Prefix}/index", 1)], ("axis", 0));
            _total = Graph.Op("Cast", $"{Prefix}/Gather/Cast/output", [size], ("to", (int)OnnxType.Int32));
        }

        RotaryCaches.Write(Weights, Shape);
        if (Shape.Family.OriginalContext is int original)
        {
            ChooseTables(original);
        }
    }

    // As GenAI's builder does: beyond the training context an If takes the tables of the long factors.
    private void ChooseTables(int original)
    {
        string longer = Graph.Op("Greater", "/model/rotemb_caches_subgraph/Greater/output",
            [_total, Graph.Weight("/model/rotemb_caches_subgraph/original", OnnxType.Int32, [], System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>([original]))]);
        object Branch(string suffix)
        {
            Graph.BeginBranch();
            Graph.Op("Identity", $"cos{suffix}", [$"cos_cache{suffix}"]);
            Graph.Op("Identity", $"sin{suffix}", [$"sin_cache{suffix}"]);
            return Graph.EndBranch(($"cos{suffix}", Weights.ActivationType), ($"sin{suffix}", Weights.ActivationType));
        }

        Graph.Node("If", [longer], ["cos_cache", "sin_cache"], "", ("then_branch", Branch(RotaryCaches.Long)), ("else_branch", Branch(RotaryCaches.Short)));
    }

    /// <inheritdoc/>
    public override string Layer(int layer, string input)
    {
        string prefix = $"model.layers.{layer}.attn";
        DecoderFamily family = Shape.Family;
        string query, key = "", value = "";
        if (family.QkNorm)
        {
            (query, key, value) = Project(prefix, input);
        }
        else
        {
            query = Biased($"{prefix}.qkv_proj", input, (Shape.Heads + (2 * Shape.KvHeads)) * Shape.HeadSize);
        }

        var cache = Cache(layer);
        string attended = $"/{prefix}/GroupQueryAttention/output_0";
        (string cos, string sin) = RotaryCaches.Names(Shape, layer);
        string[] sinks = family.AttentionSinks ? ["", "", Sinks(prefix)] : [];
        Graph.Node(OnnxOps.GroupQueryAttention,
            [query, key, value, cache.PastKey, cache.PastValue, _lengths, _total, cos, sin, .. sinks],
            [attended, cache.PresentKey, cache.PresentValue], OnnxOps.Microsoft,
            ("num_heads", Shape.Heads), ("kv_num_heads", Shape.KvHeads),
            ("scale", Scale),
            ("local_window_size", family.Slides(layer) ? family.SlidingWindow!.Value : -1),
            ("softcap", (float)(family.AttentionSoftcap ?? 0)),
            ("do_rotary", 1), ("rotary_interleaved", 0));
        return Output(prefix, attended);
    }
}
