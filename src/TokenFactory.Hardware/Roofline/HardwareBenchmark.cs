using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using TokenFactory.Core;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Roofline;

/// <summary>Measures what serving sees of this machine: memory bandwidth, matrix products by precision and provider, and the ridge between them.</summary>
public static class HardwareBenchmark
{
    /// <summary>Precisions that are measured.</summary>
    public static IReadOnlyList<string> AllPrecisions { get; } = ["fp32", "fp16", "int8", "int4"];

    /// <summary>Providers that the loaded ONNX Runtime lists, by the names used here; whether each works shows only when it is tried.</summary>
    public static IReadOnlyList<string> ListedProviders() =>
        [.. OrtEnv.Instance().GetAvailableProviders().Select(ShortName).Where(n => n != "AzureRuntime" && n != "Azure").Order(new CpuFirst())];

    /// <summary>Measures each provider.</summary>
    /// <param name="options">What to measure.</param>
    /// <param name="progress">What runs now, and the share done.</param>
    /// <param name="cancellationToken">Stops between and inside products.</param>
    /// <exception cref="TokenFactoryException"><c>PrecisionUnknown</c>, <c>MemoryInsufficient</c>.</exception>
    public static IEnumerable<HardwareMeasurement> Measure(
        HardwareBenchmarkOptions? options = null, IProgress<(string Step, float Share)>? progress = null, CancellationToken cancellationToken = default)
    {
        options ??= new HardwareBenchmarkOptions();
        IReadOnlyList<string> precisions = options.Precisions.Count > 0 ? [.. options.Precisions.Select(p => p.ToLowerInvariant()).Distinct()] : AllPrecisions;
        foreach (string precision in precisions)
        {
            if (!AllPrecisions.Contains(precision))
            {
                throw new TokenFactoryException("PrecisionUnknown", FailureKind.InvalidInput,
                    $"'{precision}' can't be measured. Use {string.Join(", ", AllPrecisions)}.", precision);
            }
        }

        IReadOnlyList<HardwareDevice> devices = HardwareProbe.GetDevices(cancellationToken: cancellationToken);
        IReadOnlyList<string> providers = options.Providers.Count > 0 ? options.Providers : UsableProviders();
        float share = 1f / providers.Count;
        for (int i = 0; i < providers.Count; i++)
        {
            float done = i * share;
            var part = progress is null ? null : new SynchronousProgress<(string, float)>(p => progress.Report((p.Item1, done + (p.Item2 * share))));
            yield return MeasureProvider(providers[i], precisions, options, devices, part, cancellationToken);
        }
    }

    // The memory of a machine can be measured without ONNX Runtime; the products then say why they are missing.
    private static IReadOnlyList<string> UsableProviders()
    {
        try
        {
            return ListedProviders();
        }
        catch (Exception e) when (MatrixBenchmark.IsLibraryFailure(e))
        {
            return ["CPU"];
        }
    }

    private static HardwareMeasurement MeasureProvider(
        string provider, IReadOnlyList<string> precisions, HardwareBenchmarkOptions options, IReadOnlyList<HardwareDevice> devices,
        IProgress<(string, float)>? progress, CancellationToken token)
    {
        var log = new FieldLog();
        bool cpu = string.Equals(provider, "CPU", StringComparison.OrdinalIgnoreCase);
        HardwareDevice host = devices.First(d => d.Kind == HardwareKind.Cpu);
        int threads = options.Memory.Threads > 0 ? options.Memory.Threads : Math.Max(1, (int)Math.Ceiling(host.Cpu!.UsableThreads));
        IReadOnlyList<BandwidthResult> bandwidth = [];
        const float MemoryShare = 0.3f;
        if (cpu)
        {
            bandwidth = MemoryBandwidth.Measure(options.Memory, new SynchronousProgress<float>(p => progress?.Report(("Memory bandwidth", p * MemoryShare))), token);
        }
        else
        {
            log.Missing("a provider's memory is measured by its products: see DecodeBytesPerSecond", nameof(HardwareMeasurement.ReadBytesPerSecond), nameof(HardwareMeasurement.TriadBytesPerSecond));
        }

        double? read = bandwidth.FirstOrDefault(b => b.Kernel == MemoryKernel.Read)?.BytesPerSecond;
        var results = new List<ComputeResult>();
        for (int i = 0; i < precisions.Count; i++)
        {
            token.ThrowIfCancellationRequested();
            progress?.Report(($"{provider} {precisions[i]} products", MemoryShare + ((1 - MemoryShare) * i / precisions.Count)));
            results.Add(MatrixBenchmark.Measure(provider, precisions[i], threads, options, host.Cpu!, token));
        }

        double? roofline = read ?? results.Max(r => r.DecodeBytesPerSecond);
        return new HardwareMeasurement
        {
            Provider = cpu ? "CPU" : provider,
            Device = cpu ? host.Name : devices.FirstOrDefault(d => d.Kind is HardwareKind.Gpu or HardwareKind.Npu)?.Name ?? provider,
            Threads = cpu ? threads : null,
            Bandwidth = bandwidth,
            ReadBytesPerSecond = read,
            TriadBytesPerSecond = bandwidth.FirstOrDefault(b => b.Kernel == MemoryKernel.Triad)?.BytesPerSecond,
            Compute = [.. results.Select(r => WithRidge(r, roofline))],
            RooflineBytesPerSecond = roofline,
            Unavailable = log.Reasons,
        };
    }

    internal static ComputeResult WithRidge(ComputeResult result, double? bytesPerSecond) =>
        result.OperationsPerSecond is { } operations && bytesPerSecond is { } bytes
            ? result with { RidgeOperationsPerByte = operations / bytes, RidgeBatch = operations / bytes * result.BytesPerWeight / 2 }
            : result;

    private static string ShortName(string provider) =>
        provider.EndsWith("ExecutionProvider", StringComparison.Ordinal)
            ? provider[..^"ExecutionProvider".Length] is "Dml" ? "DML" : provider[..^"ExecutionProvider".Length]
            : provider;

    private sealed class CpuFirst : IComparer<string>
    {
        public int Compare(string? x, string? y) => (x == "CPU", y == "CPU") switch
        {
            (true, false) => -1,
            (false, true) => 1,
            _ => CultureInfo.InvariantCulture.CompareInfo.Compare(x, y, CompareOptions.Ordinal),
        };
    }

    private sealed class SynchronousProgress<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
