using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>Binds the tensors of a growing graph's run.</summary>
internal static unsafe class GrowingBinding
{
    /// <summary>Binds the past that a run reads and the present that it writes.</summary>
    public static void BindCache(DecoderGraph graph, OrtIoBinding binding, GrowingCache past, GrowingCache present)
    {
        for (int layer = 0; layer < graph.Layers.Count; layer++)
        {
            LayerCache names = graph.Layers[layer];
            binding.BindInput(names.PastKey, past[layer * 2]);
            binding.BindInput(names.PastValue, past[(layer * 2) + 1]);
            binding.BindOutput(names.PresentKey, present[layer * 2]);
            binding.BindOutput(names.PresentValue, present[(layer * 2) + 1]);
        }
    }

    /// <summary>Binds what does not change with the past: tokens, positions, lengths, which rows to score, and the logits.</summary>
    public static void BindSmall(DecoderSession session, OrtIoBinding binding, StepBuffers buffers, int rows, int count, Func<OrtValue, OrtValue> keep)
    {
        DecoderGraph graph = session.Graph;
        binding.BindInput(graph.InputIds, keep(buffers.Ids.View(graph.InputIdsType, [rows, count])));
        if (graph.PositionIds is { } positions)
        {
            binding.BindInput(positions, keep(buffers.Positions.View(TensorElementType.Int64, [rows, count])));
        }

        if (graph.SequenceLengths is { } lengths)
        {
            binding.BindInput(lengths, keep(buffers.Lengths.View(TensorElementType.Int32, [rows])));
        }

        if (graph.TotalSequenceLength is { } total)
        {
            binding.BindInput(total, keep(buffers.Total.View(TensorElementType.Int32, [])));
        }

        if (graph.SelectedRows is { } selected)
        {
            binding.BindInput(selected, keep(buffers.Rows.View(TensorElementType.Int64, [rows])));
        }

        if (graph.LogitsToKeep is { } kept)
        {
            binding.BindInput(kept, keep(buffers.Keep.View(TensorElementType.Int64, session.KeepRank == 0 ? [] : [1])));
        }

        if (graph.UseCacheBranch is { } branch)
        {
            binding.BindInput(branch, keep(buffers.Branch.View(TensorElementType.Bool, [1])));
        }

        long vocabulary = graph.VocabularySize;
        long[] shape = session.LogitRows switch
        {
            LogitRows.All => [rows, count, vocabulary],
            LogitRows.Selected => [rows, vocabulary],
            _ => session.LogitsRank == 3 ? [rows, 1, vocabulary] : [rows, vocabulary],
        };
        binding.BindOutput(graph.Logits, keep(buffers.Scores.View(graph.LogitsType, shape)));
    }

    /// <summary>Writes a row of a mask: zeros, then ones.</summary>
    public static void Mask(NativeBuffer memory, TensorElementType type, int row, int total, int zeros)
    {
        if (type == TensorElementType.Int32)
        {
            Fill(new Span<int>((int*)memory.Pointer + ((long)row * total), total), zeros, 1);
        }
        else
        {
            Fill(new Span<long>((long*)memory.Pointer + ((long)row * total), total), zeros, 1L);
        }
    }

    private static void Fill<T>(Span<T> row, int zeros, T one)
        where T : struct
    {
        row[..zeros].Clear();
        row[zeros..].Fill(one);
    }
}
