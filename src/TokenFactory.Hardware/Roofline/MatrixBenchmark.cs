using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;

namespace TokenFactory.Hardware.Roofline;

/// <summary>Times matrix products in ONNX Runtime sessions, as the engine's linear layers run.</summary>
internal static class MatrixBenchmark
{
    private const int PrefillRows = 512;
    private const int LeastRuns = 3;
    private const int MostLayers = 256;
    private const long LeastDecodeBytes = 128L << 20;
    private const long MostDecodeBytes = 1L << 30;

    public static ComputeResult Measure(string provider, string precision, int threads, HardwareBenchmarkOptions options, CpuDetails cpu, CancellationToken token)
    {
        var result = new ComputeResult
        {
            Precision = precision,
            BytesPerWeight = (double)MatrixGraph.LayerBytes(precision, options.MatrixSize) / ((long)options.MatrixSize * options.MatrixSize),
        };
        if (provider == "CPU" && precision == "fp16")
        {
            return result with { Reason = "the CPU provider has no fp16 products: it converts to fp32 first" };
        }

        try
        {
            double seconds = Best(provider, new MatrixGraph(precision, options.MatrixSize, 1), PrefillRows, threads, options.SecondsPerTest, token);
            result = result with { OperationsPerSecond = 2.0 * PrefillRows * options.MatrixSize * options.MatrixSize / seconds };
            var chain = new MatrixGraph(precision, options.MatrixSize, DecodeLayers(precision, options.MatrixSize, cpu));
            return result with { DecodeBytesPerSecond = chain.WeightBytes / Best(provider, chain, 1, threads, options.SecondsPerTest, token) };
        }
        catch (OnnxRuntimeException e) when (!token.IsCancellationRequested)
        {
            return result with { Reason = Shorten(e.Message) };
        }
        catch (EntryPointNotFoundException)
        {
            return result with { Reason = $"this build of ONNX Runtime does not carry the provider {provider}" };
        }
        catch (Exception e) when (IsLibraryFailure(e))
        {
            return result with { Reason = "ONNX Runtime's native library can't be used: Get-TokenFactoryProvider says why and what to do" };
        }
    }

    /// <summary>True when ONNX Runtime's native library is missing, of another version or for another platform.</summary>
    public static bool IsLibraryFailure(Exception failure) =>
        failure is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException or BadImageFormatException;

    // Four times the last-level cache as for the bandwidth, so that a step can't find the weights where the last one left them.
    internal static int DecodeLayers(string precision, int size, CpuDetails cpu)
    {
        int last = cpu.Caches.Count > 0 ? cpu.Caches.Max(c => c.Level) : 0;
        long cache = cpu.Caches.Where(c => c.Level == last).Sum(c => c.TotalBytes);
        long wanted = Math.Clamp(4 * cache, LeastDecodeBytes, MostDecodeBytes);
        return (int)Math.Clamp((wanted + MatrixGraph.LayerBytes(precision, size) - 1) / MatrixGraph.LayerBytes(precision, size), 1, MostLayers);
    }

    private static double Best(string provider, MatrixGraph graph, int rows, int threads, double budget, CancellationToken token)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        Append(options, provider);
        using var session = new InferenceSession(graph.Build(), options);
        using var run = new RunOptions();
        using CancellationTokenRegistration stop = token.Register(() => run.Terminate = true);
        long[] shape = [rows, graph.Size];
        using OrtValue input = Filled(graph.Precision, shape);
        using OrtIoBinding binding = session.CreateIoBinding();
        binding.BindInput("x", input);
        binding.BindOutputToDevice("y", OrtMemoryInfo.DefaultInstance);
        double best = double.PositiveInfinity;
        try
        {
            session.RunWithBinding(run, binding);
            long started = Stopwatch.GetTimestamp();
            for (int i = 0; i < LeastRuns || Stopwatch.GetElapsedTime(started).TotalSeconds < budget; i++)
            {
                token.ThrowIfCancellationRequested();
                long before = Stopwatch.GetTimestamp();
                session.RunWithBinding(run, binding);
                binding.SynchronizeBoundOutputs();
                best = Math.Min(best, Stopwatch.GetElapsedTime(before).TotalSeconds);
            }
        }
        catch (OnnxRuntimeException) when (token.IsCancellationRequested)
        {
            throw new OperationCanceledException(token);
        }

        return best;
    }

    private static OrtValue Filled(string precision, long[] shape)
    {
        var random = new Random(2);
        if (precision == "fp16")
        {
            var halves = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float16, shape);
            foreach (ref Float16 value in halves.GetTensorMutableDataAsSpan<Float16>())
            {
                value = (Float16)((random.NextSingle() * 2) - 1);
            }

            return halves;
        }

        var floats = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float, shape);
        foreach (ref float value in floats.GetTensorMutableDataAsSpan<float>())
        {
            value = (random.NextSingle() * 2) - 1;
        }

        return floats;
    }

    private static void Append(SessionOptions options, string provider)
    {
        if (string.Equals(provider, "CPU", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        if (string.Equals(provider, "CUDA", StringComparison.OrdinalIgnoreCase))
        {
            options.AppendExecutionProvider_CUDA(0);
        }
        else if (string.Equals(provider, "DML", StringComparison.OrdinalIgnoreCase))
        {
            options.AppendExecutionProvider_DML(0);
        }
        else
        {
            options.AppendExecutionProvider(provider, new Dictionary<string, string>(StringComparer.Ordinal));
        }

        // Products that quietly ran on the CPU would be another device's figures.
        options.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1");
    }

    private static string Shorten(string message)
    {
        string line = message.Split('\n')[0].Trim();
        return line.Length <= 200 ? line : line[..200] + "…";
    }
}
