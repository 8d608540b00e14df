using Microsoft.ML.OnnxRuntime;
using TokenFactory.Core;
using TokenFactory.Hardware.Roofline;
using Xunit;

namespace TokenFactory.Hardware.Tests;

public sealed class RooflineTests
{
    private static readonly MemoryBandwidthOptions s_small = new() { ArrayBytes = 4 << 20, Passes = 2 };

    [Theory]
    [InlineData("fp32")]
    [InlineData("int8")]
    [InlineData("int4")]
    public void Graph_keeps_the_size_of_values_along_the_chain(string precision)
    {
        var graph = new MatrixGraph(precision, 256, 3);
        using var session = new InferenceSession(graph.Build());
        float[] x = new float[4 * 256];
        var random = new Random(5);
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = (random.NextSingle() * 2) - 1;
        }

        using var input = OrtValue.CreateTensorValueFromMemory(x, [4, 256]);
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, ["x"], [input], ["y"]);
        ReadOnlySpan<float> y = outputs[0].GetTensorDataAsSpan<float>();
        double mean = Energy(y) / Energy(x);
        Assert.InRange(mean, 0.3, 3);
    }

    [Fact]
    public void Weight_bytes_are_those_of_the_graph()
    {
        foreach (string precision in HardwareBenchmark.AllPrecisions)
        {
            var graph = new MatrixGraph(precision, 128, 2);
            Assert.InRange(graph.Build().Length, graph.WeightBytes, graph.WeightBytes + 2048);
        }
    }

    [Fact]
    public void Every_pattern_is_measured_once_and_best_is_no_slower_than_median()
    {
        IReadOnlyList<BandwidthResult> results = MemoryBandwidth.Measure(s_small, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(Enum.GetValues<MemoryKernel>(), results.Select(r => r.Kernel));
        Assert.All(results, r => Assert.True(r.BytesPerSecond >= r.MedianBytesPerSecond && r.MedianBytesPerSecond > 1e6 && r.Passes == 2));
    }

    [Fact]
    public void Kernels_compute_what_stream_defines()
    {
        const int Count = StreamKernels.Step * 3;
        unsafe
        {
            double* memory = (double*)System.Runtime.InteropServices.NativeMemory.AlignedAlloc(Count * 3 * sizeof(double), 64);
            double* a = memory, b = memory + Count, c = memory + (2 * Count);
            try
            {
                for (int i = 0; i < Count; i++)
                {
                    (a[i], b[i], c[i]) = (i, 2 * i, -1);
                }

                Assert.Equal(Count * (Count - 1) / 2, StreamKernels.Run(MemoryKernel.Read, a, b, c, Count, 3));
                StreamKernels.Run(MemoryKernel.Add, a, b, c, Count, 3);
                Assert.All(Enumerable.Range(0, Count), i => Assert.Equal(3 * i, c[i]));
                StreamKernels.Run(MemoryKernel.Triad, a, b, c, Count, 3);
                Assert.All(Enumerable.Range(0, Count), i => Assert.Equal(11 * i, a[i]));
                StreamKernels.Run(MemoryKernel.Scale, a, b, c, Count, 3);
                Assert.All(Enumerable.Range(0, Count), i => Assert.Equal(33 * i, b[i]));
                StreamKernels.Run(MemoryKernel.Copy, a, b, c, Count, 3);
                Assert.All(Enumerable.Range(0, Count), i => Assert.Equal(11 * i, b[i]));
            }
            finally
            {
                System.Runtime.InteropServices.NativeMemory.AlignedFree(memory);
            }
        }
    }

    [Fact]
    public void Arrays_that_do_not_fit_are_refused()
    {
        TokenFactoryException e = Assert.Throws<TokenFactoryException>(() =>
            MemoryBandwidth.Measure(new MemoryBandwidthOptions { ArrayBytes = 1L << 50 }, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal("MemoryInsufficient", e.ErrorId);
    }

    [Fact]
    public void Cancelled_measurement_stops()
    {
        using var stop = new CancellationTokenSource();
        var progress = new Stopper(stop);
        Assert.ThrowsAny<OperationCanceledException>(() => MemoryBandwidth.Measure(s_small with { Passes = 1_000_000 }, progress, stop.Token));
    }

    [Fact]
    public void Unknown_precision_is_refused()
    {
        TokenFactoryException e = Assert.Throws<TokenFactoryException>(() =>
            HardwareBenchmark.Measure(new HardwareBenchmarkOptions { Precisions = ["int3"] }, cancellationToken: TestContext.Current.CancellationToken).ToList());
        Assert.Equal("PrecisionUnknown", e.ErrorId);
    }

    [Fact]
    public void Measurement_has_figures_or_reasons_and_a_roofline()
    {
        var options = new HardwareBenchmarkOptions { Providers = ["CPU", "CUDA"], MatrixSize = 256, SecondsPerTest = 0.01, Memory = s_small };
        var measurements = HardwareBenchmark.Measure(options, cancellationToken: TestContext.Current.CancellationToken).ToList();
        HardwareMeasurement cpu = measurements[0];
        Assert.Equal(("fp16", "the CPU provider has no fp16 products: it converts to fp32 first"), (cpu.Compute[1].Precision, cpu.Compute[1].Reason));
        ComputeResult fp32 = cpu.Compute[0];
        Assert.Equal(fp32.OperationsPerSecond / cpu.ReadBytesPerSecond, fp32.RidgeOperationsPerByte);
        Assert.Equal(fp32.RidgeOperationsPerByte * 2, fp32.RidgeBatch);
        Assert.Equal(cpu.ReadBytesPerSecond / 2, cpu.Attainable("fp32", 0.5));
        Assert.Equal(fp32.OperationsPerSecond, cpu.Attainable("FP32", 1e9));
        Assert.All(measurements[1].Compute, c => Assert.True(c.OperationsPerSecond > 0 || c.Reason is { Length: > 0 }));
    }

    private static double Energy(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float value in values)
        {
            sum += value * value;
        }

        return sum;
    }

    private sealed class Stopper(CancellationTokenSource source) : IProgress<float>
    {
        public void Report(float value) => source.Cancel();
    }
}
