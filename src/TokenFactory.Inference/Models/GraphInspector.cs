using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Models;

/// <summary>What a folder's config says about its graph, used where the graph itself does not tell.</summary>
internal sealed record GraphHints
{
    public string? InputIds { get; init; }

    public string? AttentionMask { get; init; }

    public string? PositionIds { get; init; }

    public string? Logits { get; init; }

    public int? Context { get; init; }

    public int? Vocabulary { get; init; }

    public int? KvHeads { get; init; }

    public int? HeadSize { get; init; }

    public int? SlidingWindow { get; init; }

    public int? RopeSwitch { get; init; }
}

/// <summary>Finds out how to drive a decoder graph by looking at its inputs, outputs and operators.</summary>
internal static partial class GraphInspector
{
    private const int DefaultContext = 2048;
    private const int GqaPastKey = 3;
    private const int GqaPastValue = 4;
    private const int GqaLengths = 5;
    private const int GqaTotal = 6;
    private const int GqaCos = 7;

    /// <summary>Inspects a graph.</summary>
    /// <param name="path">Full path of its file.</param>
    /// <param name="file">What the file says.</param>
    /// <param name="hints">What the config says.</param>
    /// <exception cref="ModelFolderException"><c>ModelGraphUnsupported</c>: no decoder, or one with inputs that nobody could feed.</exception>
    public static DecoderGraph Inspect(string path, OnnxFile file, GraphHints hints)
    {
        OnnxGraph graph = file.Graph;
        Dictionary<string, OnnxValue> inputs = [];
        foreach (OnnxValue input in graph.Inputs.Where(i => !graph.Weights.ContainsKey(i.Name)))
        {
            inputs[input.Name] = input;
        }

        Dictionary<string, OnnxValue> outputs = [];
        foreach (OnnxValue output in graph.Outputs)
        {
            outputs[output.Name] = output;
        }

        List<OnnxNode> attention = [.. graph.AllNodes().Select(n => n.Node).Where(n => n.IsMicrosoft(OnnxOps.GroupQueryAttention))];
        List<OnnxNode> inPlace = [.. attention.Where(n => inputs.ContainsKey(n.Input(GqaPastKey)) && inputs.ContainsKey(n.Input(GqaPastValue))
            && outputs.ContainsKey(n.Output(1)) && outputs.ContainsKey(n.Output(2)))];
        List<LayerCache> layers = inPlace.Count > 0
            ? [.. inPlace.Select(n => Layer(path, inputs, hints, n.Input(GqaPastKey), n.Input(GqaPastValue), n.Output(1), n.Output(2), (int)n.Int("kv_num_heads")))]
            : NamedLayers(path, inputs, outputs, hints);
        if (layers.Count == 0)
        {
            throw ModelFolderException.Unsupported(path, "it has no inputs of past keys and values");
        }

        Pick pick = new(path, inputs);
        string ids = pick.Find(hints.InputIds, "input_ids", OnnxType.Int64, OnnxType.Int32)
            ?? throw ModelFolderException.Unsupported(path, "it has no input of token ids");
        string? mask = pick.Find(hints.AttentionMask, "attention_mask", OnnxType.Int64, OnnxType.Int32);
        string? positions = pick.Find(hints.PositionIds, "position_ids", OnnxType.Int64);
        string? lengths = inPlace.Count > 0 ? pick.Find(inPlace[0].Input(GqaLengths), "seqlens_k", OnnxType.Int32) : null;
        string? total = inPlace.Count > 0 ? pick.Find(inPlace[0].Input(GqaTotal), "total_sequence_length", OnnxType.Int32) : null;
        string? selected = pick.Find(null, "logit_rows", OnnxType.Int64);
        string? keep = pick.Find(null, "num_logits_to_keep", OnnxType.Int64) ?? pick.Find(null, "logits_to_keep", OnnxType.Int64);
        string? branch = pick.Find(null, "use_cache_branch", OnnxType.Bool);
        pick.RequireNothingElse(layers);
        OnnxValue logits = Logits(path, outputs, hints);
        OnnxType cacheType = inputs[layers[0].PastKey].Type;
        string? obstacle = inPlace.Count > 0 ? null : StackingInspector.Obstacle(file, ids, mask, positions, layers);
        int? ropeSwitch = hints.RopeSwitch ?? RopeSwitch(graph, attention);
        var found = new DecoderGraph
        {
            ModelPath = path,
            InputIds = ids,
            InputIdsType = Element(inputs[ids].Type),
            AttentionMask = mask,
            AttentionMaskType = mask is null ? TensorElementType.Int64 : Element(inputs[mask].Type),
            PositionIds = positions,
            SequenceLengths = lengths,
            TotalSequenceLength = total,
            SelectedRows = selected,
            LogitsToKeep = keep,
            Logits = logits.Name,
            LogitsType = Element(logits.Type),
            LogitRows = selected is not null ? LogitRows.Selected
                : logits.Shape is { Count: 2 } || (logits.Shape is { Count: 3 } && logits.Shape[1] == 1) ? LogitRows.Last : LogitRows.All,
            Layers = layers,
            CacheMode = inPlace.Count > 0 ? CacheMode.InPlace : CacheMode.Growing,
            CacheType = Element(cacheType),
            UseCacheBranch = branch,
            VocabularySize = (int?)Positive(logits.Shape?[^1]) ?? hints.Vocabulary
                ?? throw ModelFolderException.Unsupported(path, "neither the graph nor the config says how large the vocabulary is"),
            ContextTokens = Context(graph, attention, hints),
            SlidingWindow = Window(attention, hints),
            RopeSwitchTokens = ropeSwitch,
            RopeSwitchByLength = inPlace.Count == 0 && obstacle is null && ropeSwitch is { } border && !StackingInspector.SwitchFollowsPositions(graph, border, positions),
            StackingObstacle = obstacle,
            QuantizedProducts = graph.AllNodes().Any(n => ParameterCounter.IsQuantizedProduct(n.Node)),
            KvBytesPerToken = layers.Sum(l => 2L * l.KvHeads * l.HeadSize * ParameterCounter.Bytes(cacheType)),
        };
        (string? sliding, IReadOnlyList<RotaryTable> tables) = SlidingInspector.Inspect(path, file, found, inPlace);
        return found with { SlidingObstacle = sliding, RotaryTables = tables };
    }

    private static TensorElementType Element(OnnxType type) => (TensorElementType)(int)type;

    private static long? Positive(long? value) => value is > 0 and <= int.MaxValue ? value : null;

    private static OnnxValue Logits(string path, Dictionary<string, OnnxValue> outputs, GraphHints hints)
    {
        if (!outputs.TryGetValue(hints.Logits ?? "logits", out OnnxValue? logits) && !outputs.TryGetValue("logits", out logits))
        {
            throw ModelFolderException.Unsupported(path, "it has no output of logits");
        }

        return logits.Type is OnnxType.Float or OnnxType.Float16 && logits.Shape is null or { Count: 2 or 3 } ? logits
            : throw ModelFolderException.Unsupported(path, $"its logits are {logits.Type} of rank {logits.Shape?.Count}, not floats of rank 2 or 3");
    }

    private static LayerCache Layer(
        string path, Dictionary<string, OnnxValue> inputs, GraphHints hints, string pastKey, string pastValue, string presentKey, string presentValue, int attributeHeads)
    {
        OnnxValue key = inputs[pastKey];
        if (key.Type is not (OnnxType.Float or OnnxType.Float16 or OnnxType.Int8 or OnnxType.UInt8) || key.Shape is not null and not { Count: 4 } || inputs[pastValue].Type != key.Type)
        {
            throw ModelFolderException.Unsupported(path, $"its cache '{pastKey}' is not a tensor of four dimensions in floats or bytes");
        }

        long? heads = Positive(key.Shape?[1]) ?? Positive(attributeHeads) ?? hints.KvHeads;
        long? size = Positive(key.Shape?[3]) ?? hints.HeadSize;
        return heads is <= 65536 && size is <= 65536 ? new LayerCache(pastKey, pastValue, presentKey, presentValue, (int)heads, (int)size)
            : throw ModelFolderException.Unsupported(path, $"nothing says how many heads of what size the cache '{pastKey}' has");
    }

    private static List<LayerCache> NamedLayers(
        string path, Dictionary<string, OnnxValue> inputs, Dictionary<string, OnnxValue> outputs, GraphHints hints)
    {
        SortedDictionary<int, string[]> found = [];
        void Take(string name, int slot)
        {
            Match match = CacheName().Match(name);
            if (match.Success && int.TryParse(match.Groups["layer"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int layer))
            {
                found.TryAdd(layer, new string[4]);
                found[layer][slot + (match.Groups["role"].Value.StartsWith('k') ? 0 : 1)] = name;
            }
        }

        foreach (string input in inputs.Keys)
        {
            Take(input, 0);
        }

        foreach (string output in outputs.Keys)
        {
            Take(output, 2);
        }

        foreach ((int layer, string[] names) in found)
        {
            if (names.Contains(null))
            {
                throw ModelFolderException.Unsupported(path, $"layer {layer} lacks an input or output of its keys or values");
            }
        }

        return [.. found.Values.Select(n => Layer(path, inputs, hints, n[0], n[1], n[2], n[3], 0))];
    }

    private static int Context(OnnxGraph graph, List<OnnxNode> attention, GraphHints hints)
    {
        long rows = attention.Select(n => graph.Weights.TryGetValue(n.Input(GqaCos), out OnnxTensor? cos) && cos.Shape.Count == 2 ? cos.Shape[0] : long.MaxValue)
            .DefaultIfEmpty(long.MaxValue).Min();
        long context = Math.Min(rows, hints.Context ?? (rows == long.MaxValue ? DefaultContext : rows));
        return (int)Math.Clamp(context, 1, int.MaxValue);
    }

    private static int? Window(List<OnnxNode> attention, GraphHints hints)
    {
        if (attention.Count == 0)
        {
            return hints.SlidingWindow;
        }

        long widest = attention.Max(n => n.Int("local_window_size", -1) is var w && w <= 0 ? long.MaxValue : w);
        return widest <= int.MaxValue ? (int)widest : null;
    }

    // Rotary tables that an If chooses: its condition compares the length with the training context.
    private static int? RopeSwitch(OnnxGraph graph, List<OnnxNode> attention)
    {
        string cos = attention.Count > 0 ? attention[0].Input(GqaCos) : "";
        OnnxNode? choice = graph.Nodes.Find(n => n.IsStandard("If") && cos.Length > 0 && n.Outputs.Contains(cos));
        OnnxNode? compare = choice is null ? null : graph.Nodes.Find(n => n.Outputs.Contains(choice.Input(0)) && (n.IsStandard("Greater") || n.IsStandard("GreaterOrEqual")));
        return compare is not null && ParameterCounter.Scalar(graph, compare.Input(1)) is long length ? (int?)Positive(length) : null;
    }

    [GeneratedRegex(@"^(?:past|present|past_key_values|present_key_values|past_keys|past_values|present_keys|present_values|cache)[._]?(?:self[._])?(?<layer>\d{1,4})[._](?:self[._]|decoder[._])?(?<role>key|value|keys|values|k|v)$",
        RegexOptions.CultureInvariant)]
    private static partial Regex CacheName();

    private sealed class Pick(string path, Dictionary<string, OnnxValue> inputs)
    {
        private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

        public string? Find(string? hinted, string usual, params ReadOnlySpan<OnnxType> types)
        {
            string name = hinted is not null && inputs.ContainsKey(hinted) ? hinted : usual;
            if (!inputs.TryGetValue(name, out OnnxValue? value) || !_taken.Add(name))
            {
                return null;
            }

            return types.Contains(value.Type) ? name
                : throw ModelFolderException.Unsupported(path, $"its input '{name}' is {value.Type}, not {string.Join(" or ", types.ToArray())}");
        }

        public void RequireNothingElse(List<LayerCache> layers)
        {
            foreach (LayerCache layer in layers)
            {
                _taken.Add(layer.PastKey);
                _taken.Add(layer.PastValue);
            }

            if (inputs.Keys.FirstOrDefault(i => !_taken.Contains(i)) is string other)
            {
                throw ModelFolderException.Unsupported(path, $"nothing here knows what to feed its input '{other}'");
            }
        }
    }
}
