using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.OnnxRuntimeGenAI;

namespace TokenFactory.Benchmarks.Engine;

/// <summary>ONNX Runtime GenAI's own loop on a folder of its layout.</summary>
internal sealed class GenAIContender : IContender
{
    private readonly Config _config;
    private readonly Model _model;

    public GenAIContender(string folder)
    {
        _config = new Config(folder);
        string threads = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture);
        _config.Overlay("""{"model":{"decoder":{"session_options":{"intra_op_num_threads":THREADS}}}}""".Replace("THREADS", threads, StringComparison.Ordinal));
        _model = new Model(_config);
    }

    public string Name => "genai";

    public double Decode(int tokens)
    {
        using Generator generator = Start([EngineContender.Prompt(32, 1)], tokens + 2, out GeneratorParams parameters);
        using (parameters)
        {
            return Run(generator, tokens, 1);
        }
    }

    public double Batch(int tokens)
    {
        using Generator generator = Start([.. Enumerable.Range(0, 8).Select(i => EngineContender.Prompt(32, i))], tokens + 2, out GeneratorParams parameters);
        using (parameters)
        {
            return Run(generator, tokens, 8);
        }
    }

    public double Prefill()
    {
        long start = Stopwatch.GetTimestamp();
        using Generator generator = Start([EngineContender.Prompt(512, 1)], 2, out GeneratorParams parameters);
        using (parameters)
        {
            return 512 / Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }

    /// <summary>Runs a batch to the end of its longest answer; prompts are padded to the longest.</summary>
    public void Serve(int[][] prompts, int most)
    {
        using Generator generator = Start(prompts, most, out GeneratorParams parameters);
        using (parameters)
        {
            for (int i = 1; i < most; i++)
            {
                generator.GenerateNextToken();
            }
        }
    }

    public void Dispose()
    {
        _model.Dispose();
        _config.Dispose();
    }

    private Generator Start(int[][] prompts, int most, out GeneratorParams parameters)
    {
        int longest = prompts.Max(p => p.Length);
        parameters = new GeneratorParams(_model);
        parameters.SetSearchOption("batch_size", prompts.Length);
        parameters.SetSearchOption("max_length", longest + most + 1);
        parameters.SetSearchOption("min_length", longest + most + 1);
        parameters.SetSearchOption("do_sample", false);
        var generator = new Generator(_model, parameters);
        int[] padded = new int[longest * prompts.Length];
        for (int i = 0; i < prompts.Length; i++)
        {
            prompts[i].CopyTo(padded, ((i + 1) * longest) - prompts[i].Length);
        }

        generator.AppendTokens(padded);
        generator.GenerateNextToken();
        return generator;
    }

    private static double Run(Generator generator, int tokens, int rows)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < tokens; i++)
        {
            generator.GenerateNextToken();
        }

        return rows * tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
