using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Inference.Providers;

namespace TokenFactory.Inference.Engine;

/// <summary>Compares a device's attention with the processor's before a model trusts it.</summary>
/// <remarks>
/// A kernel that is wrong on one kind of device fails silently: the attention of ONNX Runtime 1.30's WebGPU is right up to 31 new tokens and wrong
/// from 32 on a software Vulkan device. A few small products at load find that, and the verdict is kept for the process.
/// </remarks>
internal static class DeviceCheck
{
    /// <summary>Chunk that is tried when the longest is wrong: below the block of 32 that kernels work in.</summary>
    private const int ShortChunk = 24;

    private const int KvHeads = 2;
    private const int Heads = 4;

    // Rounding in half precision stays below 1e-2 for inputs of this size; a wrong kernel is off by tenths.
    private const float Tolerance = 0.03f;

    private static readonly Dictionary<(ExecutionProvider, int, TensorElementType, int, int), int> s_verdicts = [];
    private static readonly Lock s_gate = new();

    /// <summary>Longest chunk, up to the wished one, whose attention is right on the device; 0 when not even a single token's is.</summary>
    /// <param name="provider">The device.</param>
    /// <param name="sessions">Opens small graphs on it.</param>
    /// <param name="type">The cache's element type.</param>
    /// <param name="headSize">Elements of a head.</param>
    /// <param name="wished">The chunk that is wished.</param>
    public static int LongestChunk(ProviderChoice provider, DeviceSessions sessions, TensorElementType type, int headSize, int wished)
    {
        if (type is not (TensorElementType.Float or TensorElementType.Float16))
        {
            // The processor has no kernel to compare with.
            return wished;
        }

        lock (s_gate)
        {
            var key = (provider.Provider, provider.DeviceId, type, headSize, wished);
            if (!s_verdicts.TryGetValue(key, out int chunk))
            {
                s_verdicts[key] = chunk = Try(sessions, type, headSize, wished);
            }

            return chunk;
        }
    }

    private static int Try(DeviceSessions sessions, TensorElementType type, int headSize, int wished)
    {
        byte[] graph = DeviceGraphs.Attention(type, Heads, KvHeads, headSize);
        using InferenceSession? device = sessions.TryOpen(graph, remember: false);
        if (device is null)
        {
            return wished;
        }

        using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using var host = new InferenceSession(graph, options);
        try
        {
            return !Agree(host, device, type, headSize, 1) ? 0
                : Agree(host, device, type, headSize, wished) ? wished
                : wished > ShortChunk && Agree(host, device, type, headSize, ShortChunk) ? ShortChunk : 0;
        }
        catch (OnnxRuntimeException)
        {
            // The comparison did not come about; a model that can't run says so itself.
            return wished;
        }
    }

    // First without a past, then after as many tokens.
    private static bool Agree(InferenceSession host, InferenceSession device, TensorElementType type, int headSize, int tokens) =>
        Agree(host, device, type, headSize, tokens, 0) && Agree(host, device, type, headSize, tokens, tokens);

    private static bool Agree(InferenceSession host, InferenceSession device, TensorElementType type, int headSize, int tokens, int past)
    {
        var random = new Random(tokens + past);
        long capacity = 2 * tokens;
        using OrtValue query = Tensor(type, random, 1, tokens, (Heads + (2 * KvHeads)) * headSize);
        using OrtValue keys = Tensor(type, random, 1, KvHeads, capacity, headSize);
        using OrtValue values = Tensor(type, random, 1, KvHeads, capacity, headSize);
        using var last = OrtValue.CreateTensorValueFromMemory(new[] { past + tokens - 1 }, [1]);
        using var total = OrtValue.CreateTensorValueFromMemory(new[] { past + tokens }, []);
        OrtValue[] inputs = [query, keys, values, last, total];
        float[] expected = Run(host, type, inputs);
        float[] actual = Run(device, type, inputs);
        float worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            worst = Math.Max(worst, Math.Abs(expected[i] - actual[i]));
        }

        return worst <= Tolerance;
    }

    private static float[] Run(InferenceSession session, TensorElementType type, OrtValue[] inputs)
    {
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, DeviceGraphs.AttentionInputs, inputs, ["attended"]);
        if (type == TensorElementType.Float)
        {
            return outputs[0].GetTensorDataAsSpan<float>().ToArray();
        }

        ReadOnlySpan<Half> halves = MemoryMarshal.Cast<Float16, Half>(outputs[0].GetTensorDataAsSpan<Float16>());
        float[] floats = new float[halves.Length];
        TensorPrimitives.ConvertToSingle(halves, floats);
        return floats;
    }

    private static OrtValue Tensor(TensorElementType type, Random random, params long[] shape)
    {
        long count = shape.Aggregate(1L, (a, b) => a * b);
        float[] floats = [.. Enumerable.Range(0, (int)count).Select(_ => (random.NextSingle() * 2) - 1)];
        return type == TensorElementType.Float
            ? OrtValue.CreateTensorValueFromMemory(floats, shape)
            : OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(floats, f => (Float16)f), shape);
    }
}
