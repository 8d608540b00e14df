using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>Everything one kind of step binds: a run of slots and the small tensors. Rebound only where a shape changes.</summary>
internal sealed class StepBinding : IDisposable
{
    private readonly DecoderSession _session;
    private readonly StepBuffers _buffers;
    private readonly OrtIoBinding _binding;
    private readonly List<OrtValue> _cache = [];
    private readonly List<OrtValue> _shaped = [];
    private readonly Func<long[], OrtValue>? _logits;
    private readonly IReadOnlySet<string>? _copied;
    private (string Name, OrtValue Value)[] _fresh = [];
    private readonly int _rows;
    private OrtValue? _mask;
    private int _tokens = -1;
    private int _maskLength = -1;
    private int _logitRows = -1;

    /// <summary>Makes a binding.</summary>
    /// <param name="session">The graph.</param>
    /// <param name="buffers">The small tensors, in host memory.</param>
    /// <param name="pool">The cache.</param>
    /// <param name="firstSlot">First slot of the run.</param>
    /// <param name="rows">Slots of the run.</param>
    /// <param name="logits">Makes the logits' tensor of a shape; null for the buffers' own.</param>
    /// <param name="copied">Inputs that the graph reads in device memory: a host tensor bound there is copied when it is bound, so these
    /// are bound again before each run.</param>
    public StepBinding(
        DecoderSession session, StepBuffers buffers, ICacheViews pool, int firstSlot, int rows,
        Func<long[], OrtValue>? logits = null, IReadOnlySet<string>? copied = null)
    {
        _session = session;
        _buffers = buffers;
        _rows = rows;
        _logits = logits;
        _copied = copied;
        _binding = session.Session.CreateIoBinding();
        try
        {
            DecoderGraph graph = session.Graph;
            for (int layer = 0; layer < graph.Layers.Count; layer++)
            {
                LayerCache names = graph.Layers[layer];
                OrtValue keys = Keep(pool.View(layer, value: false, firstSlot, rows));
                OrtValue values = Keep(pool.View(layer, value: true, firstSlot, rows));
                _binding.BindInput(names.PastKey, keys);
                _binding.BindInput(names.PastValue, values);
                _binding.BindOutput(names.PresentKey, keys);
                _binding.BindOutput(names.PresentValue, values);
            }

            if (graph.SequenceLengths is { } lengths)
            {
                Bind(lengths, Keep(buffers.Lengths.View(TensorElementType.Int32, [rows])));
            }

            if (graph.TotalSequenceLength is { } total)
            {
                Bind(total, Keep(buffers.Total.View(TensorElementType.Int32, [])));
            }

            if (graph.LogitsToKeep is { } keep)
            {
                _binding.BindInput(keep, Keep(buffers.Keep.View(TensorElementType.Int64, session.KeepRank == 0 ? [] : [1])));
            }

            if (graph.UseCacheBranch is { } branch)
            {
                _binding.BindInput(branch, Keep(buffers.Branch.View(TensorElementType.Bool, [1])));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Binds what depends on the step's shape.</summary>
    /// <param name="tokens">Tokens of each row.</param>
    /// <param name="maskLength">Length of the mask.</param>
    /// <param name="logitRows">Rows that are scored.</param>
    /// <returns>True when something was bound anew, which takes managed memory.</returns>
    public bool Shape(int tokens, int maskLength, int logitRows)
    {
        DecoderGraph graph = _session.Graph;
        bool rebound = false;
        if (tokens != _tokens || logitRows != _logitRows)
        {
            Clear(_shaped);
            Bind(graph.InputIds, Add(_buffers.Ids.View(graph.InputIdsType, [_rows, tokens])));
            if (graph.PositionIds is { } positions)
            {
                Bind(positions, Add(_buffers.Positions.View(TensorElementType.Int64, [_rows, tokens])));
            }

            if (graph.SelectedRows is { } selected)
            {
                Bind(selected, Add(_buffers.Rows.View(TensorElementType.Int64, [logitRows])));
            }

            long vocabulary = graph.VocabularySize;
            long[] shape = _session.LogitRows switch
            {
                LogitRows.All => [_rows, tokens, vocabulary],
                LogitRows.Selected => [logitRows, vocabulary],
                _ => _session.LogitsRank == 3 ? [_rows, 1, vocabulary] : [_rows, vocabulary],
            };
            _binding.BindOutput(graph.Logits, Add(_logits is null ? _buffers.Scores.View(graph.LogitsType, shape) : _logits(shape)));
            _tokens = tokens;
            _logitRows = logitRows;
            rebound = true;
        }

        if (graph.AttentionMask is { } mask && maskLength != _maskLength)
        {
            _mask?.Dispose();
            _mask = _buffers.Mask.View(graph.AttentionMaskType, [_rows, maskLength]);
            Bind(mask, _mask);
            _maskLength = maskLength;
            rebound = true;
        }

        CopiedBytes = rebound ? FreshBytes() : CopiedBytes;
        return rebound;
    }

    /// <summary>Bytes that a run copies to the device.</summary>
    public long CopiedBytes { get; private set; }

    public void Run(RunOptions options)
    {
        foreach ((string name, OrtValue value) in _fresh)
        {
            _binding.BindInput(name, value);
        }

        _session.Session.RunWithBinding(options, _binding);
    }

    public void Dispose()
    {
        _binding.Dispose();
        _mask?.Dispose();
        Clear(_shaped);
        Clear(_cache);
    }

    private void Bind(string name, OrtValue value)
    {
        if (_copied is null || !_copied.Contains(name))
        {
            _binding.BindInput(name, value);
            return;
        }

        int at = Array.FindIndex(_fresh, f => f.Name == name);
        if (at < 0)
        {
            at = _fresh.Length;
            Array.Resize(ref _fresh, at + 1);
        }

        _fresh[at] = (name, value);
    }

    private long FreshBytes()
    {
        long bytes = 0;
        foreach ((_, OrtValue fresh) in _fresh)
        {
            OrtTensorTypeAndShapeInfo info = fresh.GetTensorTypeAndShape();
            bytes += info.ElementCount * NativeBuffer.ElementSize(info.ElementDataType);
        }

        return bytes;
    }

    private OrtValue Keep(OrtValue value)
    {
        _cache.Add(value);
        return value;
    }

    private OrtValue Add(OrtValue value)
    {
        _shaped.Add(value);
        return value;
    }

    private static void Clear(List<OrtValue> values)
    {
        foreach (OrtValue value in values)
        {
            value.Dispose();
        }

        values.Clear();
    }
}
