using System.Numerics;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>The small inputs and the logits of a step, at fixed addresses.</summary>
internal sealed unsafe class StepBuffers : IDisposable
{
    private const int ShortestMask = 64;

    private readonly DecoderGraph _graph;
    private readonly int[] _maskLengths;
    private readonly int[] _maskOnes;

    public StepBuffers(DecoderGraph graph, int rows, int tokens, int capacity, int logitRows)
    {
        _graph = graph;
        Ids = new NativeBuffer(8L * rows * tokens);
        Positions = new NativeBuffer(8L * rows * tokens);
        Lengths = new NativeBuffer(4L * rows);
        Total = new NativeBuffer(4);
        Rows = new NativeBuffer(8L * rows);
        Mask = new NativeBuffer(graph.AttentionMask is null ? 0 : (long)rows * capacity * NativeBuffer.ElementSize(graph.AttentionMaskType));
        Keep = new NativeBuffer(8);
        *(long*)Keep.Pointer = 1;
        Branch = new NativeBuffer(1);
        Branch.Pointer[0] = 1;
        Scores = new NativeBuffer((long)logitRows * graph.VocabularySize * NativeBuffer.ElementSize(graph.LogitsType));
        _maskLengths = new int[rows];
        _maskOnes = new int[rows];
    }

    public NativeBuffer Ids { get; }

    public NativeBuffer Positions { get; }

    public NativeBuffer Lengths { get; }

    public NativeBuffer Total { get; }

    public NativeBuffer Rows { get; }

    public NativeBuffer Mask { get; }

    public NativeBuffer Keep { get; }

    public NativeBuffer Branch { get; }

    public NativeBuffer Scores { get; }

    public byte* Logits => Scores.Pointer;

    /// <summary>Sets one token more for each row of an in-place graph.</summary>
    /// <param name="ids">The token by row.</param>
    /// <param name="lengths">Tokens that the row holds already.</param>
    /// <param name="capacity">Tokens that it can hold.</param>
    /// <returns>Length of the mask: a power of two, so that it is bound anew a few times in a sequence's life and not at each step.</returns>
    public int SetStep(ReadOnlySpan<int> ids, ReadOnlySpan<int> lengths, int capacity)
    {
        int longest = 0;
        foreach (int length in lengths)
        {
            longest = Math.Max(longest, length + 1);
        }

        int mask = Math.Min(capacity, Math.Max(ShortestMask, (int)BitOperations.RoundUpToPowerOf2((uint)longest)));
        if (_graph.RopeSwitchTokens is { } border && longest <= border)
        {
            mask = Math.Min(mask, border);
        }

        for (int i = 0; i < ids.Length; i++)
        {
            SetToken(i, ids[i], lengths[i]);
            SetLength(i, lengths[i] + 1, _graph.RopeSwitchTokens is null ? longest : mask);
            SetRow(i, i);
            SetMask(i, mask, lengths[i] + 1);
        }

        return mask;
    }

    /// <summary>Sets a chunk of a prompt for an in-place graph.</summary>
    /// <param name="tokens">The chunk.</param>
    /// <param name="past">Tokens before it.</param>
    /// <param name="promptTokens">Tokens of the whole prompt.</param>
    /// <returns>Length of the mask.</returns>
    public int SetChunk(ReadOnlySpan<int> tokens, int past, int promptTokens)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            SetToken(i, tokens[i], past + i);
        }

        // A rotary embedding that depends on the length must see the whole prompt's from its first chunk.
        int total = past + tokens.Length;
        int mask = promptTokens > _graph.RopeSwitchTokens ? promptTokens : total;
        SetRow(0, tokens.Length - 1);
        SetLength(0, total, mask);
        SetMask(0, mask, total);
        return mask;
    }

    public void SetToken(int index, int id, int position)
    {
        Ids.Write(_graph.InputIdsType, index, id);
        Positions.Write(TensorElementType.Int64, index, position);
    }

    public void SetLength(int row, int length, int total)
    {
        ((int*)Lengths.Pointer)[row] = length - 1;
        *(int*)Total.Pointer = total;
    }

    public void SetRow(int index, long row) => ((long*)Rows.Pointer)[index] = row;

    /// <summary>Sets a row of the mask to ones and then zeros; a row that grew by one gets one element written.</summary>
    public void SetMask(int row, int length, int ones)
    {
        if (_graph.AttentionMask is null)
        {
            return;
        }

        long start = (long)row * length;
        bool grows = _maskLengths[row] == length && _maskOnes[row] == ones - 1;
        if (_maskLengths[row] != length || _maskOnes[row] != ones)
        {
            for (int i = grows ? ones - 1 : 0; i < (grows ? ones : length); i++)
            {
                Mask.Write(_graph.AttentionMaskType, start + i, i < ones ? 1 : 0);
            }
        }

        _maskLengths[row] = length;
        _maskOnes[row] = ones;
    }

    public void Dispose()
    {
        foreach (NativeBuffer buffer in new[] { Ids, Positions, Lengths, Total, Rows, Mask, Keep, Branch, Scores })
        {
            buffer.Dispose();
        }
    }
}
