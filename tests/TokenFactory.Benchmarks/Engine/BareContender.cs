using System.Diagnostics;
using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using TokenFactory.Inference.Engine;

namespace TokenFactory.Benchmarks.Engine;

/// <summary>The same graph, weights and bindings in a plain loop: no scheduler, no requests, no delivery.</summary>
/// <remarks>
/// It runs the engine's own native session. Two sessions of one file differ by up to a tenth by where their weights happened to lie, the first one
/// of a process being the slowest, which would be taken for a difference of the loops.
/// </remarks>
internal sealed class BareContender : IContender
{
    private const int Rows = 8;
    private readonly InPlaceRunner _runner;
    private readonly RunOptions _run = new();
    private readonly bool[] _active = [.. Enumerable.Repeat(true, Rows)];

    public BareContender(EngineContender engine) => _runner = new InPlaceRunner(engine.Engine.Session, Rows, engine.Engine.ContextTokens, 512);

    public string Name => "bare";

    public double Decode(int tokens) => Loop(1, tokens);

    public double Batch(int tokens) => Loop(Rows, tokens);

    public double Prefill()
    {
        long start = Stopwatch.GetTimestamp();
        _runner.Prefill(0, EngineContender.Prompt(512, 1), 0, 512, true, _run);
        _ = TensorPrimitives.IndexOfMax(_runner.PrefillLogits());
        return 512 / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        _runner.Dispose();
        _run.Dispose();
    }

    private double Loop(int rows, int tokens)
    {
        int[] ids = new int[rows];
        int[] lengths = new int[rows];
        for (int i = 0; i < rows; i++)
        {
            _runner.Prefill(i, EngineContender.Prompt(32, i), 0, 32, true, _run);
            ids[i] = TensorPrimitives.IndexOfMax(_runner.PrefillLogits());
            lengths[i] = 32;
        }

        long start = Stopwatch.GetTimestamp();
        for (int n = 0; n < tokens; n++)
        {
            _runner.Decode(0, ids, lengths, _active.AsSpan(0, rows), _run);
            for (int i = 0; i < rows; i++)
            {
                ids[i] = TensorPrimitives.IndexOfMax(_runner.DecodeLogits(i));
                lengths[i]++;
            }
        }

        return rows * tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
