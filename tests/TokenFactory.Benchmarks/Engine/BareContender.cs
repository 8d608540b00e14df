using System.Diagnostics;
using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using TokenFactory.Inference.Engine;

namespace TokenFactory.Benchmarks.Engine;

/// <summary>The same graph, weights and bindings in a plain loop: no scheduler, no requests, no delivery.</summary>
internal sealed class BareContender : IContender
{
    private const int Rows = 8;
    private readonly InPlaceRunner _runner;
    private readonly RunOptions _run = new();
    private readonly bool[] _active = [.. Enumerable.Repeat(true, Rows)];

    private readonly DecoderSession? _session;

    /// <summary>A session of its own on ONNX Runtime's kernels.</summary>
    /// <param name="engine">Whose model.</param>
    public BareContender(EngineContender engine)
    {
        Name = "bare";
        _session = DecoderSession.Open(engine.Engine.Session.Graph, new EngineOptions { OwnKernels = false }, CancellationToken.None);
        _runner = new InPlaceRunner(_session, Rows, engine.Engine.ContextTokens, 512);
    }

    /// <summary>The engine's own session: what the scheduler costs.</summary>
    /// <param name="session">The session.</param>
    /// <param name="contextTokens">Tokens of a slot.</param>
    public BareContender(DecoderSession session, int contextTokens)
    {
        Name = "own loop";
        _runner = new InPlaceRunner(session, Rows, contextTokens, 512);
    }

    public string Name { get; }

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
        _session?.Dispose();
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
