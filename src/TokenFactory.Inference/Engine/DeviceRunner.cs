using Microsoft.ML.OnnxRuntime;
using TokenFactory.Core;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Providers;

namespace TokenFactory.Inference.Engine;

/// <summary>Runs in-place graphs whose keys, values and logits stay in device memory.</summary>
/// <remarks>
/// A step copies the token, the length and the position of each row to the device and brings back what its requests need: a greedy one
/// the token and its logit, one with top-k below <see cref="DeviceGraphs.Candidates"/> that many candidates, any other (penalties, bias, log
/// probabilities, sampling from all) its row of logits. Where views need handles, a step begins with the first slot (see
/// <see cref="DevicePool"/>). Rows that are not active write where their next token would be.
/// </remarks>
internal sealed unsafe class DeviceRunner : DecoderRunner
{
    private readonly DevicePlacement _placement;
    private readonly DeviceMemory _memory;
    private readonly DevicePool _pool;
    private readonly DeviceChooser? _chooser;
    private readonly StepBuffers _decodeBuffers;
    private readonly StepBuffers _prefillBuffers;
    private readonly StepBinding?[] _decode;
    private readonly StepBinding?[] _prefill;
    private readonly Staged _staged = new();
    private readonly int _logitBytes;
    private readonly NativeBuffer? _hostLogits;
    private readonly IntPtr _logits;
    private int _prefillRow;
    private int _firstSlot;
    private bool _ranApart;
    private long _bytesToDevice;
    private long _logitBytesCopied;
    private int _decodeRows;

    /// <summary>Takes the device's memory.</summary>
    /// <param name="session">The graph.</param>
    /// <param name="placement">Where it wants its tensors.</param>
    /// <param name="slots">Slots.</param>
    /// <param name="capacity">Tokens of each.</param>
    /// <param name="options">How it is scheduled.</param>
    public DeviceRunner(DecoderSession session, DevicePlacement placement, int slots, int capacity, EngineOptions options)
        : base(session, slots, capacity)
    {
        _placement = placement;
        _logitBytes = NativeBuffer.ElementSize(Graph.LogitsType);
        long rowBytes = (long)Graph.VocabularySize * _logitBytes;
        bool forced = options.DevicePath is not null;
        var small = new DeviceSessions(session.Provider, forced);
        int chunk = forced ? options.LargestChunk
            : DeviceCheck.LongestChunk(session.Provider, small, Graph.CacheType, Graph.Layers[0].HeadSize, options.LargestChunk);
        if (chunk == 0)
        {
            throw DeviceFailure.NotSupported(session.Provider.Provider, Graph.ModelPath, "its attention gives other values than the processor's on this device");
        }

        LargestChunk = FittingChunk(chunk);
        int prefillRows = Session.LogitRows == LogitRows.All ? LargestChunk : 1;
        _decode = new StepBinding?[slots * slots];
        _prefill = new StepBinding?[slots];
        _memory = new DeviceMemory(session, placement, forced);
        try
        {
            _pool = new DevicePool(Graph, _memory, slots, capacity, small.TryOpen);
            if (placement.Mode == DeviceMode.Handles && slots > 1 && !_pool.CanMove)
            {
                throw DeviceFailure.NotSupported(session.Provider.Provider, Graph.ModelPath, $"it moves no keys and values on its device ({small.Refusal})");
            }

            int rows = Math.Max(slots, prefillRows);
            if (placement.LogitsOnDevice)
            {
                _logits = _memory.Allocate(rowBytes * rows);
                _chooser = DeviceChooser.TryOpen(Graph, small, _memory, _logits, rows, slots);
            }

            _hostLogits = _chooser is null ? new NativeBuffer(rowBytes * rows) : null;
            _decodeBuffers = new StepBuffers(Graph, slots, 1, capacity, logitRows: 0);
            _prefillBuffers = new StepBuffers(Graph, 1, LargestChunk, capacity, logitRows: 0);
            Explanation = Explain(small.Refusal, chunk < options.LargestChunk);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What stays on the device, and what does not.</summary>
    public string Explanation { get; }

    public override int LargestChunk { get; }

    public override bool TakesAllMemory => true;

    public override string SlidingObstacle => Graph.SlidingObstacle ?? "the keys that would have to be turned are in the device's memory; use -Provider Cpu to go on";

    public override bool CanCopy => _pool.CanMove;

    public override bool FromFirstSlot => _placement.Mode == DeviceMode.Handles;

    public override long BytesToDevice => _bytesToDevice + _pool.CopiedBytes + (_chooser?.BytesToDevice ?? 0);

    public override long BytesFromDevice => _chooser?.BytesFromDevice ?? _logitBytesCopied;

    // The memory of all slots was taken at load.
    public override void Reserve(int slot, int tokens)
    {
    }

    public override void Release(int slot) => _staged.Forget(slot);

    public override void Copy(int from, int to, int tokens)
    {
        try
        {
            Flush(from);
            _staged.Forget(to);
            _pool.Move(from, to, 0, tokens);
        }
        catch (OnnxRuntimeException e)
        {
            throw DeviceFailure.Of(Session.Provider.Provider, e)
                ?? new ProviderException("InferenceFailed", FailureKind.OperationFailed, base.Failed(e).Message, Session.Provider.Provider, e);
        }
    }

    public override void Prefill(int slot, ReadOnlySpan<int> tokens, int past, int promptTokens, bool score, RunOptions runOptions)
    {
        bool stages = FromFirstSlot && slot > 0;
        if (stages)
        {
            Stage(slot, past);
        }

        int place = stages ? DevicePool.Staging : slot;
        StepBinding binding = _prefill[slot] ??= Binding(_prefillBuffers, place, 1, logitRow: 0);
        int count = tokens.Length;
        int logitRows = Session.LogitRows == LogitRows.All ? count : 1;
        _prefillRow = logitRows - 1;
        int mask = _prefillBuffers.SetChunk(tokens, past, promptTokens);
        _ = binding.Shape(count, mask, logitRows);
        Run(binding, logitRows, runOptions);
        _chooser?.Begin(decode: false, _prefillRow, 1);
        if (stages)
        {
            _staged.Length = past + count;
            if (score)
            {
                Flush(slot);
            }
        }
    }

    public override void Decode(int firstSlot, ReadOnlySpan<int> ids, ReadOnlySpan<int> lengths, ReadOnlySpan<bool> active, RunOptions runOptions)
    {
        Rebound = false;
        _firstSlot = firstSlot;
        _decodeRows = lengths.Length;
        _ranApart = !OnOneSide(lengths);
        if (!_ranApart)
        {
            Step(firstSlot, ids, lengths, runOptions);
            _chooser?.Begin(decode: true, LogitRow(0), ids.Length);
            return;
        }

        for (int i = 0; i < ids.Length; i++)
        {
            if (active[i])
            {
                Step(firstSlot + i, ids.Slice(i, 1), lengths.Slice(i, 1), runOptions);
            }
        }

        _chooser?.Begin(decode: true, firstSlot, ids.Length);
    }

    public override Span<float> PrefillLogits() => _chooser is null ? Row(_hostLogits!.Pointer, _prefillRow) : _chooser.Row(this, _prefillRow);

    public override Span<float> DecodeLogits(int row) => _chooser is null ? Row(_hostLogits!.Pointer, LogitRow(row)) : _chooser.Row(this, LogitRow(row));

    public override int Choose(int row, Sampler sampler, SamplingOptions options, Penalties? penalties, int position, out TokenLogProbability? logProbability)
    {
        try
        {
            if (_chooser is not null && penalties is null && options.LogProbabilities is null
                && _chooser.Choose(row < 0 ? _prefillRow : LogitRow(row), sampler, options, position) is { } token)
            {
                logProbability = null;
                return token;
            }

            return base.Choose(row, sampler, options, penalties, position, out logProbability);
        }
        catch (OnnxRuntimeException e)
        {
            throw Failed(e);
        }
    }

    public override TokenFactoryException Failed(OnnxRuntimeException failure) => DeviceFailure.Of(Session.Provider.Provider, failure) ?? base.Failed(failure);

    /// <summary>Logits of one row that a fetch brought.</summary>
    public Span<float> Fetched(byte* rows, int row) => Row(rows, row);

    protected override void Dispose(bool disposing)
    {
        foreach (StepBinding? binding in _decode.Concat(_prefill))
        {
            binding?.Dispose();
        }

        _chooser?.Dispose();
        _hostLogits?.Dispose();
        _decodeBuffers?.Dispose();
        _prefillBuffers?.Dispose();
        _pool?.Dispose();
        _memory?.Dispose();
    }

    private void Step(int firstSlot, ReadOnlySpan<int> ids, ReadOnlySpan<int> lengths, RunOptions runOptions)
    {
        int rows = ids.Length;
        StepBinding binding = _decode[(firstSlot * Slots) + rows - 1] ??= Binding(_decodeBuffers, firstSlot, rows, rows == 1 ? firstSlot : 0);
        Runs++;
        Rebound |= binding.Shape(1, _decodeBuffers.SetStep(ids, lengths, Capacity), rows);
        Run(binding, rows, runOptions);
    }

    // A single row writes its logits at its slot's place, so that rows that run apart do not overwrite one another.
    private int LogitRow(int row) => _ranApart || _decodeRows == 1 ? _firstSlot + row : row;

    private void Run(StepBinding binding, int logitRows, RunOptions runOptions)
    {
        binding.Run(runOptions);
        _bytesToDevice += binding.CopiedBytes;
        _logitBytesCopied += (long)logitRows * Graph.VocabularySize * _logitBytes;
    }

    private StepBinding Binding(StepBuffers buffers, int place, int rows, int logitRow)
    {
        long offset = (long)logitRow * Graph.VocabularySize * _logitBytes;
        return new StepBinding(Session, buffers, _pool, place, rows, shape => _chooser is not null
            ? _memory.View(_logits, offset, Graph.LogitsType, shape)
            : _hostLogits!.View(Graph.LogitsType, shape, offset), _placement.Copied);
    }

    // Makes the staging slot hold the beginning of a slot's sequence.
    private void Stage(int slot, int past)
    {
        if (_staged.Slot != slot)
        {
            Flush(_staged.Slot);
            _staged.Slot = slot;
            _staged.Length = 0;
            _staged.Flushed = 0;
        }

        if (past > _staged.Length)
        {
            _pool.Move(slot, DevicePool.Staging, _staged.Length, past - _staged.Length);
            _staged.Flushed = Math.Min(_staged.Flushed, _staged.Length);
        }

        _staged.Length = past;
        _staged.Flushed = Math.Min(_staged.Flushed, past);
    }

    private void Flush(int slot)
    {
        if (slot >= 0 && slot == _staged.Slot && _staged.Flushed < _staged.Length)
        {
            _pool.Move(DevicePool.Staging, slot, _staged.Flushed, _staged.Length - _staged.Flushed);
            _staged.Flushed = _staged.Length;
        }
    }

    private string Explain(string? refusal, bool shortChunks)
    {
        string stays = _chooser is not null ? "Keys, values and logits stay" : "Keys and values stay";
        string where = $"{stays} in its memory ({_memory.Name}, {_memory.Bytes >> 20} MiB).";
        string logits = _chooser is null ? " Each step's logits are copied to the host." : "";
        string prefixes = CanCopy ? "" : " Prefixes are not reused: the device does not copy between slots.";
        string chunks = shortChunks ? $" Prompts are processed {LargestChunk} tokens at a time: attention over longer chunks is wrong on this device." : "";
        return where + logits + prefixes + chunks + (refusal is null ? "" : $" It refused a small graph: {refusal}");
    }

    /// <summary>Whose beginning the staging slot holds.</summary>
    private sealed class Staged
    {
        public int Slot { get; set; } = -1;

        /// <summary>Tokens of it that are there.</summary>
        public int Length { get; set; }

        /// <summary>How many of them its own place has too.</summary>
        public int Flushed { get; set; }

        public void Forget(int slot)
        {
            if (Slot == slot)
            {
                Slot = -1;
            }
        }
    }
}
