using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Engine;

/// <summary>The small graphs that work on tensors of a device beside the model: choosing from logits, moving keys and values.</summary>
internal static class DeviceGraphs
{
    /// <summary>Likeliest tokens that are fetched for a request with top-k.</summary>
    public const int Candidates = 128;

    private const string Producer = "TokenFactory";

    /// <summary><c>logits [r, v]</c>, <c>rows [n]</c> → <c>token [n]</c> (the first of the largest) and <c>logit [n]</c>.</summary>
    public static byte[] Greedy(TensorElementType type, int vocabulary) => Graph(g =>
    {
        string floats = Rows(g, type, vocabulary, convert: true);
        g.Op("ArgMax", "token", [floats], ("axis", 1), ("keepdims", 0));
        g.Op("ReduceMax", "logit", [floats, g.Int64s("axis", 1)], ("keepdims", 0));
        g.Output("token", OnnxType.Int64, "n");
        g.Output("logit", OnnxType.Float, "n");
    });

    /// <summary><c>logits [r, v]</c>, <c>rows [n]</c> → the likeliest first: <c>token [n, k]</c>, <c>logit [n, k]</c>.</summary>
    public static byte[] Top(TensorElementType type, int vocabulary, int count) => Graph(g =>
    {
        string floats = Rows(g, type, vocabulary, convert: true);
        g.Node("TopK", [floats, g.Int64s("count", count)], ["logit", "token"], "", ("axis", 1), ("largest", 1), ("sorted", 1));
        g.Output("token", OnnxType.Int64, "n", count);
        g.Output("logit", OnnxType.Float, "n", count);
    });

    /// <summary><c>logits [r, v]</c>, <c>rows [n]</c> → <c>row [n, v]</c> in the logits' own type.</summary>
    public static byte[] Whole(TensorElementType type, int vocabulary) => Graph(g =>
    {
        g.Op("Identity", "row", [Rows(g, type, vocabulary, convert: false)]);
        g.Output("row", (OnnxType)(int)type, "n", vocabulary);
    });

    /// <summary>
    /// For each tensor of keys or values <c>source.i [a, h]</c>, <c>target.i [b, h]</c> → <c>moved.i [b, h]</c>, which is bound to the target:
    /// rows <c>from.g</c> of the source replace rows <c>to.g</c>; tensors of one count of heads share the index g.
    /// </summary>
    public static byte[] Move(DecoderGraph graph) => Graph(g =>
    {
        var type = (OnnxType)(int)graph.CacheType;
        for (int i = 0; i < graph.Layers.Count * 2; i++)
        {
            LayerCache layer = graph.Layers[i / 2];
            g.Input($"source.{i}", type, "a", layer.HeadSize);
            g.Input($"target.{i}", type, "b", layer.HeadSize);
            g.Input($"from.{layer.KvHeads}", OnnxType.Int64, $"n{layer.KvHeads}");
            g.Input($"to.{layer.KvHeads}", OnnxType.Int64, $"n{layer.KvHeads}", 1);
            g.Op("Gather", $"rows.{i}", [$"source.{i}", $"from.{layer.KvHeads}"], ("axis", 0));
            g.Op("ScatterND", $"moved.{i}", [$"target.{i}", $"to.{layer.KvHeads}", $"rows.{i}"]);
            g.Output($"moved.{i}", type, "b", layer.HeadSize);
        }
    });

    /// <summary><c>shape [4]</c> → <c>zeros</c> of that shape.</summary>
    public static byte[] Zeros(TensorElementType type) => Graph(g =>
    {
        g.Input("shape", OnnxType.Int64, 4);
        string zero = g.Weight("zero", (OnnxType)(int)type, [], new byte[NativeBuffer.ElementSize(type)]);
        g.Op("Expand", "zeros", [zero, "shape"]);
        g.Output("zeros", (OnnxType)(int)type, "a", "b", "c", "d");
    });

    /// <summary>Inputs of <see cref="Attention"/>, in its order.</summary>
    public static IReadOnlyList<string> AttentionInputs { get; } = ["query", "past_key", "past_value", "last", "total"];

    /// <summary>One operator of attention as the models have it: packed <c>query [1, s, (heads + 2 kv) × size]</c>, a cache of fixed capacity.</summary>
    public static byte[] Attention(TensorElementType type, int heads, int kvHeads, int headSize) => Graph(g =>
    {
        var element = (OnnxType)(int)type;
        g.Input("query", element, 1, "s", (heads + (2 * kvHeads)) * headSize);
        g.Input("past_key", element, 1, kvHeads, "c", headSize);
        g.Input("past_value", element, 1, kvHeads, "c", headSize);
        g.Input("last", OnnxType.Int32, 1);
        g.Input("total", OnnxType.Int32);
        g.Node(OnnxOps.GroupQueryAttention, ["query", "", "", "past_key", "past_value", "last", "total"], ["attended", "key", "value"], OnnxOps.Microsoft,
            ("num_heads", heads), ("kv_num_heads", kvHeads));
        g.Output("attended", element, 1, "s", heads * headSize);
        g.Output("key", element, 1, kvHeads, "c", headSize);
        g.Output("value", element, 1, kvHeads, "c", headSize);
    });

    private static string Rows(GraphWriter g, TensorElementType type, int vocabulary, bool convert)
    {
        g.Input("logits", (OnnxType)(int)type, "r", vocabulary);
        g.Input("rows", OnnxType.Int64, "n");
        string rows = g.Op("Gather", "chosen", ["logits", "rows"], ("axis", 0));
        return convert && type != TensorElementType.Float ? g.Op("Cast", "floats", [rows], ("to", (int)OnnxType.Float)) : rows;
    }

    private static byte[] Graph(Action<GraphWriter> add)
    {
        using var data = new MemoryStream();
        var graph = new GraphWriter(data, "none");
        add(graph);
        using var model = new MemoryStream();
        graph.Write(model, Producer, []);
        return data.Length == 0 ? model.ToArray() : throw new InvalidOperationException("A small graph has no large weights.");
    }
}
