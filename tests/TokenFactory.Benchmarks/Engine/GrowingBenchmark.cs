using System.Globalization;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;

namespace TokenFactory.Benchmarks.Engine;

/// <summary>An export with a growing cache: eight streams in shared runs against the same streams one at a time, and managed memory of a step.</summary>
internal static class GrowingBenchmark
{
    private const int Rounds = 3;

    public static void Run(TextWriter output, params ModelPrecision[] precisions)
    {
        foreach (ModelPrecision precision in precisions)
        {
            Measure(output, precision);
        }
    }

    private static void Measure(TextWriter output, ModelPrecision precision)
    {
        string name = precision == ModelPrecision.Fp32 ? "fp32" : "int4";
        string folder = Path.Combine(Path.GetTempPath(), $"tokenfactory-bench-growing-{name}");
        if (!ModelFolder.LooksLikeModel(folder))
        {
            SyntheticModel.Write(new SyntheticModelOptions { Name = "bench", Shape = BenchmarkModel.SmallShape, Precision = precision, Layout = ModelLayout.HuggingFace }, folder);
        }

        using var shared = new EngineContender("growing", folder);
        using var alone = new EngineContender("one-at-a-time", folder, new EngineOptions { PrefixReuse = false, Exact = true });
        (string Metric, Func<IContender, double> Speed)[] metrics = [("batch8", c => c.Batch(32)), ("decode", c => c.Decode(48))];
        foreach ((string metric, Func<IContender, double> speed) in metrics)
        {
            double[] ours = new double[Rounds];
            double[] theirs = new double[Rounds];
            speed(shared);
            speed(alone);
            for (int round = 0; round < Rounds; round++)
            {
                if (round % 2 == 0)
                {
                    ours[round] = speed(shared);
                    theirs[round] = speed(alone);
                }
                else
                {
                    theirs[round] = speed(alone);
                    ours[round] = speed(shared);
                }
            }

            RatioBenchmark.Line(output, $"{shared.Name} {metric} {name}", ours, "tok/s");
            RatioBenchmark.Line(output, $"{alone.Name} {metric} {name}", theirs, "tok/s");
            RatioBenchmark.Line(output, $"engine/one-at-a-time growing {metric} {name}", [.. ours.Zip(theirs, (a, b) => a / b)], null);
        }

        EngineStatistics statistics = shared.Engine.Statistics;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"growing {name}: {statistics.SteadyAllocatedBytes / Math.Max(1, statistics.SteadySteps)} managed bytes a steady step ({statistics.SteadySteps} steps), {(double)statistics.DecodeRuns / statistics.DecodeSteps:0.00} runs a step"));
    }
}
