using System.Diagnostics;
using System.Numerics.Tensors;
using LLama.Native;

namespace TokenFactory.Benchmarks.Engine;

/// <summary>llama.cpp through LLamaSharp's native handles: the bare decode call and an argmax.</summary>
internal sealed class LlamaContender : IContender
{
    private const int Rows = 8;
    private readonly SafeLlamaModelHandle _model;
    private readonly SafeLLamaContextHandle _context;
    private readonly LLamaBatch _batch = new();

    // Must come before the first native call, and only once in a process.
    static LlamaContender() => NativeLibraryConfig.All.WithLogCallback((_, _) => { });

    public LlamaContender(string path)
    {
        // The first call through NativeApi chooses the library for this processor.
        NativeApi.llama_empty_call();
        _model = SafeLlamaModelHandle.LoadFromFile(path, LLamaModelParams.Default());
        LLamaContextParams parameters = LLamaContextParams.Default();
        parameters.n_ctx = Rows * 256;
        parameters.n_batch = 512;
        parameters.n_ubatch = 512;
        parameters.n_seq_max = Rows;
        parameters.kv_unified = true;
        parameters.n_threads = Environment.ProcessorCount;
        parameters.n_threads_batch = Environment.ProcessorCount;
        _context = SafeLLamaContextHandle.Create(_model, parameters);
    }

    public string Name => "llama.cpp";

    public double Decode(int tokens) => Loop(1, tokens);

    public double Batch(int tokens) => Loop(Rows, tokens);

    public double Prefill()
    {
        _context.MemoryClear(true);
        long start = Stopwatch.GetTimestamp();
        _ = Prompt(EngineContender.Prompt(512, 1), 0);
        return 512 / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        _context.Dispose();
        _model.Dispose();
    }

    private int Prompt(int[] tokens, int sequence)
    {
        _batch.Clear();
        for (int i = 0; i < tokens.Length; i++)
        {
            _batch.Add(tokens[i], i, (LLamaSeqId)sequence, i == tokens.Length - 1);
        }

        Decode();
        return TensorPrimitives.IndexOfMax<float>(_context.GetLogitsIth(tokens.Length - 1));
    }

    private double Loop(int rows, int tokens)
    {
        _context.MemoryClear(true);
        int[] ids = new int[rows];
        for (int i = 0; i < rows; i++)
        {
            ids[i] = Prompt(EngineContender.Prompt(32, i), i);
        }

        long start = Stopwatch.GetTimestamp();
        for (int n = 0; n < tokens; n++)
        {
            _batch.Clear();
            for (int i = 0; i < rows; i++)
            {
                _batch.Add(ids[i], 32 + n, (LLamaSeqId)i, true);
            }

            Decode();
            for (int i = 0; i < rows; i++)
            {
                ids[i] = TensorPrimitives.IndexOfMax<float>(_context.GetLogitsIth(i));
            }
        }

        return rows * tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private void Decode()
    {
        if (_context.Decode(_batch) != DecodeResult.Ok)
        {
            throw new InvalidOperationException("llama.cpp could not decode.");
        }
    }
}
