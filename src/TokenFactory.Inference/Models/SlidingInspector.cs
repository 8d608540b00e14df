using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Models;

/// <summary>Finds out whether a model may go on past its context by dropping the tokens that no layer looks at any more.</summary>
/// <remarks>
/// A growing graph is told positions, so dropped tokens change nothing for the others. An in-place graph counts positions from the cache's
/// length; there the keys that stay are turned back by the angle of the dropped tokens, which keeps every distance between positions: rotary
/// scores depend on nothing else (Su et al., "RoFormer", 2021, eq. 16).
/// </remarks>
internal static class SlidingInspector
{
    private const int GqaCos = 7;
    private const int GqaSin = 8;

    /// <summary>Why not, or where the angles are.</summary>
    public static (string? Obstacle, IReadOnlyList<RotaryTable> Tables) Inspect(
        string path, OnnxFile file, DecoderGraph graph, IReadOnlyList<OnnxNode> attention)
    {
        if (graph.SlidingWindow is not int window)
        {
            return ("not every layer has a sliding window", []);
        }

        if (graph.RopeSwitchTokens is not null)
        {
            return ("its rotary embedding depends on the length", []);
        }

        if (graph.CacheMode == CacheMode.Growing)
        {
            return graph.PositionIds is not { } positions ? ("the graph counts positions itself and would count wrongly without the dropped tokens", [])
                : !StackingInspector.KnowsWindow(file.Graph, window) ? ($"the config has a window of {window} tokens, but the graph looks at all of them", [])
                : StackingInspector.LooksUp(file.Graph, positions) ? ("the graph looks positions up in tables, which end at its context", [])
                : (null, []);
        }

        if (ParameterCounter.Bytes((OnnxType)(int)graph.CacheType) is not (2 or 4))
        {
            return ("its cached keys are quantized and can't be turned", []);
        }

        List<RotaryTable> tables = [];
        foreach (OnnxNode node in attention)
        {
            if (node.Int("do_rotary") != 1)
            {
                return ("its keys are turned outside of the attention operator", []);
            }

            RotaryTable? table = Table(path, file.Graph, node);
            if (table is null)
            {
                return ("its rotary tables are not stored in the graph", []);
            }

            tables.Add(table);
        }

        return tables.Count == graph.Layers.Count ? (null, tables) : ("some layers keep their cache in another way", []);
    }

    private static RotaryTable? Table(string path, OnnxGraph graph, OnnxNode node)
    {
        if (!graph.Weights.TryGetValue(node.Input(GqaCos), out OnnxTensor? cos) || !graph.Weights.TryGetValue(node.Input(GqaSin), out OnnxTensor? sin)
            || cos.Shape.Count != 2 || !cos.Shape.SequenceEqual(sin.Shape) || cos.Type != sin.Type || cos.Type is not (OnnxType.Float or OnnxType.Float16)
            || cos.Shape[0] is <= 0 or > int.MaxValue || cos.Shape[1] is <= 0 or > 65536)
        {
            return null;
        }

        (string Path, long Offset)? cosAt = Place(path, cos);
        (string Path, long Offset)? sinAt = Place(path, sin);
        return cosAt is null || sinAt is null ? null
            : new RotaryTable(cosAt.Value.Path, cosAt.Value.Offset, sinAt.Value.Path, sinAt.Value.Offset, (int)cos.Shape[0], (int)cos.Shape[1],
                cos.Type == OnnxType.Float16, node.Int("rotary_interleaved") == 1);
    }

    // The folder's files were checked before: a location leads nowhere outside.
    private static (string Path, long Offset)? Place(string path, OnnxTensor tensor) =>
        tensor.Location is { } location ? (Path.Combine(Path.GetDirectoryName(path)!, location), tensor.Offset)
        : tensor.RawLength > 0 ? (path, tensor.RawOffset)
        : null;
}
