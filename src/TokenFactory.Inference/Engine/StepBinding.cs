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
    private readonly int _rows;
    private OrtValue? _mask;
    private int _tokens = -1;
    private int _maskLength = -1;
    private int _logitRows = -1;

    public StepBinding(DecoderSession session, StepBuffers buffers, KvPool pool, int firstSlot, int rows)
    {
        _session = session;
        _buffers = buffers;
        _rows = rows;
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
                _binding.BindInput(lengths, Keep(buffers.Lengths.View(TensorElementType.Int32, [rows])));
            }

            if (graph.TotalSequenceLength is { } total)
            {
                _binding.BindInput(total, Keep(buffers.Total.View(TensorElementType.Int32, [])));
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
            _binding.BindInput(graph.InputIds, Add(_buffers.Ids.View(graph.InputIdsType, [_rows, tokens])));
            if (graph.PositionIds is { } positions)
            {
                _binding.BindInput(positions, Add(_buffers.Positions.View(TensorElementType.Int64, [_rows, tokens])));
            }

            if (graph.SelectedRows is { } selected)
            {
                _binding.BindInput(selected, Add(_buffers.Rows.View(TensorElementType.Int64, [logitRows])));
            }

            long vocabulary = graph.VocabularySize;
            long[] shape = _session.LogitRows switch
            {
                LogitRows.All => [_rows, tokens, vocabulary],
                LogitRows.Selected => [logitRows, vocabulary],
                _ => _session.LogitsRank == 3 ? [_rows, 1, vocabulary] : [_rows, vocabulary],
            };
            _binding.BindOutput(graph.Logits, Add(_buffers.Scores.View(graph.LogitsType, shape)));
            _tokens = tokens;
            _logitRows = logitRows;
            rebound = true;
        }

        if (graph.AttentionMask is { } mask && maskLength != _maskLength)
        {
            _mask?.Dispose();
            _mask = _buffers.Mask.View(graph.AttentionMaskType, [_rows, maskLength]);
            _binding.BindInput(mask, _mask);
            _maskLength = maskLength;
            rebound = true;
        }

        return rebound;
    }

    public void Run(RunOptions options) => _session.Session.RunWithBinding(options, _binding);

    public void Dispose()
    {
        _binding.Dispose();
        _mask?.Dispose();
        Clear(_shaped);
        Clear(_cache);
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
