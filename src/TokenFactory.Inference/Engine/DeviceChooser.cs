using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Engine;

/// <summary>Chooses tokens from logits in device memory, or brings the rows that only the host can choose from.</summary>
internal sealed unsafe class DeviceChooser : IDisposable
{
    private readonly OrtValue _logits;
    private readonly DeviceFetch _whole;
    private readonly DeviceFetch? _greedy;
    private readonly DeviceFetch? _top;
    private readonly int _candidates;
    private readonly (int Token, float Logit)[] _byToken;
    private readonly float[] _compact;
    private float _one;

    private DeviceChooser(OrtValue logits, DeviceFetch whole, DeviceFetch? greedy, DeviceFetch? top, int candidates)
    {
        _logits = logits;
        _whole = whole;
        _greedy = greedy;
        _top = top;
        _candidates = candidates;
        _byToken = new (int, float)[candidates];
        _compact = new float[candidates];
    }

    /// <summary>Bytes that were copied to the device.</summary>
    public long BytesToDevice => _whole.CopiedBytes + (_greedy?.CopiedBytes ?? 0) + (_top?.CopiedBytes ?? 0);

    /// <summary>Bytes that were copied to the host.</summary>
    public long BytesFromDevice => Fetched(_whole) + Fetched(_greedy) + Fetched(_top);

    /// <summary>Opens what the device has kernels for; null when it can't even pick a row.</summary>
    /// <param name="graph">The model's graph.</param>
    /// <param name="sessions">Opens small graphs.</param>
    /// <param name="memory">The device's memory.</param>
    /// <param name="logits">The logits' buffer.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="mostRows">Most rows of a step.</param>
    public static DeviceChooser? TryOpen(DecoderGraph graph, DeviceSessions sessions, DeviceMemory memory, IntPtr logits, int rows, int mostRows)
    {
        int vocabulary = graph.VocabularySize;
        if (sessions.TryOpen(DeviceGraphs.Whole(graph.LogitsType, vocabulary)) is not { } whole)
        {
            return null;
        }

        OrtValue view = memory.View(logits, 0, graph.LogitsType, [rows, vocabulary]);
        int candidates = Math.Min(DeviceGraphs.Candidates, vocabulary);
        InferenceSession? greedy = sessions.TryOpen(DeviceGraphs.Greedy(graph.LogitsType, vocabulary));
        InferenceSession? top = sessions.TryOpen(DeviceGraphs.Top(graph.LogitsType, vocabulary, candidates));
        return new DeviceChooser(
            view,
            new DeviceFetch(whole, view, rows, mostRows, ("row", graph.LogitsType, vocabulary)),
            greedy is null ? null : new DeviceFetch(greedy, view, rows, mostRows, ("token", TensorElementType.Int64, 1), ("logit", TensorElementType.Float, 1)),
            top is null ? null : new DeviceFetch(top, view, rows, mostRows, ("token", TensorElementType.Int64, candidates), ("logit", TensorElementType.Float, candidates)),
            candidates);
    }

    /// <summary>Forgets what was fetched.</summary>
    public void Begin(bool decode, int first, int count)
    {
        _whole.Begin(decode, first, count);
        _greedy?.Begin(decode, first, count);
        _top?.Begin(decode, first, count);
    }

    /// <summary>Brings a whole row.</summary>
    public Span<float> Row(DeviceRunner runner, int row)
    {
        int at = _whole.Row(row);
        return runner.Fetched(_whole.Result(0), at);
    }

    /// <summary>Chooses a token without the whole row; null when that needs it.</summary>
    public int? Choose(int row, Sampler sampler, SamplingOptions options, int position)
    {
        if (options.Temperature <= 0 || options.TopK == 1)
        {
            return _greedy is null ? null : Greedy(row, sampler, options, position);
        }

        return _top is not null && options.TopK > 0 && options.TopK < _candidates ? Top(row, sampler, options, position) : null;
    }

    public void Dispose()
    {
        _whole.Dispose();
        _greedy?.Dispose();
        _top?.Dispose();
        _logits.Dispose();
    }

    private int Greedy(int row, Sampler sampler, SamplingOptions options, int position)
    {
        int at = _greedy!.Row(row);
        float logit = ((float*)_greedy.Result(1))[at];
        // A maximum over nothing but NaN is the lowest float on some devices. The sampler has the error for it.
        _one = logit <= float.MinValue ? float.NaN : logit;
        _ = sampler.Choose(new Span<float>(ref _one), options, null, position, out _);
        return (int)((long*)_greedy.Result(0))[at];
    }

    // The sampler sums over what its filters keep in order of token id, and top-k drops all but these: in that order they give the very
    // draw that the whole row gives, unless the first candidate beyond k is as likely as the k-th.
    private int? Top(int row, Sampler sampler, SamplingOptions options, int position)
    {
        int at = _top!.Row(row) * _candidates;
        var tokens = new ReadOnlySpan<long>((long*)_top.Result(0) + at, _candidates);
        var logits = new ReadOnlySpan<float>((float*)_top.Result(1) + at, _candidates);
        float gap = (logits[options.TopK - 1] - logits[^1]) / options.Temperature;
        if (!(gap > 1e-3f) || !float.IsFinite(logits[0]))
        {
            return null;
        }

        for (int i = 0; i < _candidates; i++)
        {
            _byToken[i] = ((int)tokens[i], logits[i]);
        }

        _byToken.AsSpan().Sort(static (a, b) => a.Token.CompareTo(b.Token));
        for (int i = 0; i < _candidates; i++)
        {
            _compact[i] = _byToken[i].Logit;
        }

        return _byToken[sampler.Choose(_compact, options, null, position, out _)].Token;
    }

    private static long Fetched(DeviceFetch? fetch) => fetch is null ? 0 : fetch.FetchedRows * fetch.RowBytes;
}
