using System.Globalization;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Providers;

namespace TokenFactory.Benchmarks.Engine;

/// <summary>The engine on each device that opens here: decode, a batch of eight, prefill, and what a step copies. Half precision, which all devices take.</summary>
/// <remarks>ONNX Runtime comes from the library that <c>TOKENFACTORY_ONNXRUNTIME_LIBRARY</c> names; the build for the processor opens no device.</remarks>
internal static class DeviceBenchmark
{
    public static void Run(TextWriter output)
    {
        bool any = false;
        foreach (ExecutionProvider provider in ProviderSelector.Order.Where(p => p != ExecutionProvider.Cpu))
        {
            if ((ProviderSelector.Refusal(provider, 0) ?? ProviderSelector.Objection(provider)) is { } reason)
            {
                output.WriteLine($"device {provider} left out: {reason}");
                continue;
            }

            any = true;
            Run(output, provider);
        }

        if (!any)
        {
            output.WriteLine("no device opens here");
        }
    }

    private static void Run(TextWriter output, ExecutionProvider provider)
    {
        string folder = Path.Combine(Path.GetTempPath(), "tokenfactory-bench-device");
        if (!ModelFolder.LooksLikeModel(folder))
        {
            SyntheticModel.Write(
                new SyntheticModelOptions { Name = "bench", Shape = BenchmarkModel.SmallShape, Precision = ModelPrecision.Fp16, LogitRows = LogitRows.Selected }, folder);
        }

        var contender = new EngineContender(provider.ToString(), folder, new EngineOptions { PrefixReuse = false, Provider = provider });
        using InferenceEngine engine = contender.Engine;
        output.WriteLine(engine.ProviderExplanation);
        _ = contender.Decode(16);
        _ = contender.Prefill();
        _ = contender.Batch(16);
        Thread.Sleep(100);
        EngineStatistics before = engine.Statistics;
        double[] decode = Five(() => contender.Decode(128));
        Thread.Sleep(100);
        EngineStatistics after = engine.Statistics;
        double steps = after.DecodeSteps - before.DecodeSteps;
        Line(output, provider, "decode", decode);
        Line(output, provider, "batch8", Five(() => contender.Batch(96)));
        Line(output, provider, "prefill512", Five(contender.Prefill));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"device {provider} a step: {(after.BytesToDevice - before.BytesToDevice) / steps:F0} B to and {(after.BytesFromDevice - before.BytesFromDevice) / steps:F0} B from the device, {(after.SteadyAllocatedBytes - before.SteadyAllocatedBytes) / (double)Math.Max(1, after.SteadySteps - before.SteadySteps):F0} managed B; load {engine.LoadSeconds:F2} s"));
    }

    private static double[] Five(Func<double> measure) => [.. Enumerable.Range(0, 5).Select(_ => measure()).Order()];

    private static void Line(TextWriter output, ExecutionProvider provider, string what, double[] values) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"device {provider} {what} {values[2]:F1} tok/s ({values[0]:F1} … {values[^1]:F1})"));
}
