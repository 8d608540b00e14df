using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Core;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>Runs prefill chunks and decode steps of one graph. One thread at a time.</summary>
internal abstract unsafe class DecoderRunner : IDisposable
{
    private const long LargestLogitsBytes = 64L << 20;

    private readonly float[]? _converted;

    protected DecoderRunner(DecoderSession session, int slots, int capacity)
    {
        Session = session;
        Graph = session.Graph;
        Slots = slots;
        Capacity = capacity;
        if (Graph.LogitsType is TensorElementType.Float16 or TensorElementType.BFloat16)
        {
            _converted = new float[Graph.VocabularySize];
        }
    }

    public DecoderSession Session { get; }

    public DecoderGraph Graph { get; }

    /// <summary>Sequences that can be held.</summary>
    public int Slots { get; }

    /// <summary>Tokens that a slot can hold.</summary>
    public int Capacity { get; }

    /// <summary>Most tokens of one prefill chunk.</summary>
    public abstract int LargestChunk { get; }

    /// <summary>
    /// True when a slot's beginning can be copied to another slot. Without it prefixes are not reused, and gaps between running slots stay
    /// open until a sequence joins there.
    /// </summary>
    public abstract bool CanCopy { get; }

    /// <summary>True when a decode step must begin with the first slot: a device whose buffers are handles gives no views of their middle.</summary>
    public virtual bool FromFirstSlot => false;

    /// <summary>Bytes that were copied from the host to the device since the runner was made; 0 where both are one memory.</summary>
    public virtual long BytesToDevice => 0;

    /// <summary>Bytes that were copied from the device to the host.</summary>
    public virtual long BytesFromDevice => 0;

    /// <summary>True when slots that do not decode cost nothing in a step, so that gaps between running ones need not be closed.</summary>
    public virtual bool SkipsIdleRows => false;

    /// <summary>True when the memory of all slots is taken at load and kept.</summary>
    public virtual bool TakesAllMemory => false;

    /// <summary>Passes over the weights that decode steps took.</summary>
    public long Runs { get; protected set; }

    /// <summary>True when the last decode step bound tensors of another shape than the one before.</summary>
    public bool Rebound { get; protected set; }

    /// <summary>
    /// Tokens that leave a slot when it is full: all that no layer looks at any more. 0 where the model or the runner can't drop any; then a
    /// sequence ends at the capacity.
    /// </summary>
    public int SlidingTokens { get; protected set; }

    /// <summary>Why nothing leaves a full slot, where <see cref="SlidingTokens"/> is 0.</summary>
    public virtual string SlidingObstacle => Graph.SlidingObstacle ?? "its places are hardly longer than the model's window";

    /// <summary>Drops the oldest <see cref="SlidingTokens"/> tokens of a slot.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="length">Tokens that it has.</param>
    public virtual void Slide(int slot, int length) => throw new NotSupportedException();

    /// <summary>Makes room for this many tokens in a slot.</summary>
    public abstract void Reserve(int slot, int tokens);

    /// <summary>Forgets a slot's tokens and gives its memory back.</summary>
    public abstract void Release(int slot);

    /// <summary>Copies the first tokens of a slot to another.</summary>
    /// <exception cref="Providers.ProviderException">The device did not; the target's content is undefined.</exception>
    public abstract void Copy(int from, int to, int tokens);

    /// <summary>Processes a chunk of a prompt.</summary>
    /// <param name="slot">Where it goes.</param>
    /// <param name="tokens">The chunk.</param>
    /// <param name="past">Tokens of the slot before it.</param>
    /// <param name="promptTokens">Tokens of the whole prompt.</param>
    /// <param name="score">True to get logits for its last token.</param>
    /// <param name="runOptions">Can terminate it.</param>
    public abstract void Prefill(int slot, ReadOnlySpan<int> tokens, int past, int promptTokens, bool score, RunOptions runOptions);

    /// <summary>One token more for neighbouring slots; rows that are not active compute without effect.</summary>
    /// <param name="firstSlot">Slot of the first row.</param>
    /// <param name="ids">Last token by slot.</param>
    /// <param name="lengths">Tokens that the slot holds already.</param>
    /// <param name="active">Which rows matter.</param>
    /// <param name="runOptions">Can terminate it.</param>
    public abstract void Decode(int firstSlot, ReadOnlySpan<int> ids, ReadOnlySpan<int> lengths, ReadOnlySpan<bool> active, RunOptions runOptions);

    /// <summary>Logits of the last prefill's last token, valid until the next run; may be overwritten.</summary>
    public abstract Span<float> PrefillLogits();

    /// <summary>Logits of a row of the last decode step, valid until the next run; may be overwritten.</summary>
    public abstract Span<float> DecodeLogits(int row);

    /// <summary>Chooses a token from the logits of the last run, wherever they are.</summary>
    /// <param name="row">Row of the last decode step; below 0 the last prefill's token.</param>
    /// <param name="sampler">Chooses on the host.</param>
    /// <param name="options">How.</param>
    /// <param name="penalties">The sequence's penalties; null for none.</param>
    /// <param name="position">Index of the output token.</param>
    /// <param name="logProbability">Gets the token's log probability when asked for.</param>
    public virtual int Choose(int row, Sampler sampler, SamplingOptions options, Penalties? penalties, int position, out TokenLogProbability? logProbability) =>
        sampler.Choose(row < 0 ? PrefillLogits() : DecodeLogits(row), options, penalties, position, out logProbability);

    /// <summary>What a failure of the native runtime means for those who wait.</summary>
    public virtual TokenFactoryException Failed(OnnxRuntimeException failure) => new("InferenceFailed", FailureKind.OperationFailed,
        $"ONNX Runtime failed while it ran the model: {failure.Message.ReplaceLineEndings(" ")} Ask for a shorter context or fewer sequences if memory is short; otherwise export the model again.", null, failure);

    /// <summary>What <see cref="SlidingTokens"/> may be: a slot must be enough longer than the window that tokens are moved seldom.</summary>
    protected int SlideBeyondWindow() => Graph.SlidingObstacle is null && Graph.SlidingWindow is { } window && Capacity - window + 1 >= Math.Max(2, window / 16)
        ? Capacity - window + 1 : 0;

    /// <summary>The chunk that is wanted, or less where a graph scores all its rows and their logits would take too much memory.</summary>
    protected int FittingChunk(int wanted) => Session.LogitRows != LogitRows.All ? wanted
        : (int)Math.Clamp(LargestLogitsBytes / ((long)Graph.VocabularySize * NativeBuffer.ElementSize(Graph.LogitsType)), 2, wanted);

    /// <summary>False when a rotary embedding that switches at a length would do so within a step: it switches for all its rows.</summary>
    protected bool OnOneSide(ReadOnlySpan<int> lengths)
    {
        if (Graph.RopeSwitchTokens is { } border)
        {
            bool longer = lengths[0] >= border;
            foreach (int length in lengths)
            {
                if (length >= border != longer)
                {
                    return false;
                }
            }
        }

        return true;
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);

    protected Span<float> Row(byte* logits, long row)
    {
        int count = Graph.VocabularySize;
        byte* start = logits + (row * count * NativeBuffer.ElementSize(Graph.LogitsType));
        switch (Graph.LogitsType)
        {
            case TensorElementType.Float:
                return new Span<float>(start, count);
            case TensorElementType.Float16:
                TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(start, count), _converted);
                return _converted;
            default:
                // The upper half of a float is a bfloat16.
                ReadOnlySpan<ushort> source = new(start, count);
                Span<uint> target = MemoryMarshal.Cast<float, uint>(_converted.AsSpan());
                for (int i = 0; i < count; i++)
                {
                    target[i] = (uint)source[i] << 16;
                }

                return _converted;
        }
    }
}
