using System.Diagnostics;
using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;

namespace TokenFactory.Benchmarks.Engine;

/// <summary>The same graph and bindings in a plain loop: no scheduler, no requests, no delivery.</summary>
internal sealed class BareContender : IContender
{
    private const int Rows = 8;
    private readonly DecoderSession _session;
    private readonly InPlaceRunner _runner;
    private readonly RunOptions _run = new();
    private readonly bool[] _active = [.. Enumerable.Repeat(true, Rows)];

    public BareContender(string folder)
    {
        _session = DecoderSession.Open(ModelFolder.Open(folder).Graph, new EngineOptions(), CancellationToken.None);
        _runner = new InPlaceRunner(_session, Rows, 1024, 512);
    }

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
        _session.Dispose();
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
