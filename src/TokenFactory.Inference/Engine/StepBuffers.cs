using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>The small inputs and the logits of a step, at fixed addresses.</summary>
internal sealed unsafe class StepBuffers : IDisposable
{
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
