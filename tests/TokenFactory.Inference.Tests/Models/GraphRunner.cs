using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Tests.Models;

/// <summary>Drives any decoder graph one sequence at a time through ONNX Runtime, with the cache grown each step: slow, plain, and not the engine.</summary>
internal sealed class GraphRunner : IDisposable
{
    private readonly DecoderGraph _graph;
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly SessionOptions _options = new() { IntraOpNumThreads = 1 };
    private IReadOnlyCollection<OrtValue>? _last;
    private List<OrtValue> _cache = [];
    private int _past;

    public GraphRunner(DecoderGraph graph)
    {
        _graph = graph;
        _options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR;
        _session = new InferenceSession(graph.ModelPath, _options);
        foreach (LayerCache layer in graph.Layers)
        {
            _cache.Add(Empty(layer));
            _cache.Add(Empty(layer));
        }
    }

    /// <summary>Appends tokens and returns the logits of their rows (of the last one, where the graph scores no more).</summary>
    public float[][] Step(params ReadOnlySpan<int> tokens)
    {
        int count = tokens.Length;
        int total = _past + count;
        Dictionary<string, OrtValue> inputs = [];
        inputs[_graph.InputIds] = Ints(tokens.ToArray(), _graph.InputIdsType, 1, count);
        Add(inputs, _graph.AttentionMask, () => Ints([.. Enumerable.Repeat(1, total)], _graph.AttentionMaskType, 1, total));
        Add(inputs, _graph.PositionIds, () => Ints([.. Enumerable.Range(_past, count)], TensorElementType.Int64, 1, count));
        Add(inputs, _graph.SequenceLengths, () => Ints([total - 1], TensorElementType.Int32, 1));
        Add(inputs, _graph.TotalSequenceLength, () => Ints([total], TensorElementType.Int32));
        Add(inputs, _graph.SelectedRows, () => Ints([.. Enumerable.Range(0, count)], TensorElementType.Int64, count));
        Add(inputs, _graph.LogitsToKeep, () => Ints([count], TensorElementType.Int64));
        bool hasPast = _past > 0;
        Add(inputs, _graph.UseCacheBranch, () => OrtValue.CreateTensorValueFromMemory([hasPast], [1]));
        for (int layer = 0; layer < _graph.Layers.Count; layer++)
        {
            inputs[_graph.Layers[layer].PastKey] = _cache[2 * layer];
            inputs[_graph.Layers[layer].PastValue] = _cache[(2 * layer) + 1];
        }

        string[] outputs = [_graph.Logits, .. _graph.Layers.SelectMany(l => new[] { l.PresentKey, l.PresentValue })];
        IDisposableReadOnlyCollection<OrtValue> results = _session.Run(_run, inputs, outputs);
        foreach (OrtValue value in inputs.Values.Concat(_last ?? []))
        {
            value.Dispose();
        }

        _last = results;
        _cache = [.. results.Skip(1)];
        _past = total;
        return Rows(results[0]);
    }

    public void Dispose()
    {
        foreach (OrtValue value in _last ?? _cache)
        {
            value.Dispose();
        }

        _session.Dispose();
        _run.Dispose();
        _options.Dispose();
    }

    private static void Add(Dictionary<string, OrtValue> inputs, string? name, Func<OrtValue> make)
    {
        if (name is not null)
        {
            inputs[name] = make();
        }
    }

    private static OrtValue Ints(int[] values, TensorElementType type, params long[] shape) => type == TensorElementType.Int32
        ? OrtValue.CreateTensorValueFromMemory(values, shape)
        : OrtValue.CreateTensorValueFromMemory([.. values.Select(v => (long)v)], shape);

    private OrtValue Empty(LayerCache layer) => OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, _graph.CacheType, [1, layer.KvHeads, 0, layer.HeadSize]);

    private float[][] Rows(OrtValue logits)
    {
        int vocabulary = _graph.VocabularySize;
        float[] all = _graph.LogitsType == TensorElementType.Float16
            ? [.. logits.GetTensorDataAsSpan<Float16>().ToArray().Select(h => (float)h)]
            : logits.GetTensorDataAsSpan<float>().ToArray();
        return [.. all.Chunk(vocabulary)];
    }
}
