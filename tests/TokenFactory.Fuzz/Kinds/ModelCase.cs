using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using TokenFactory.Inference.Kernels;
using TokenFactory.Inference.Models;

namespace TokenFactory.Fuzz;

/// <summary>What becomes of one mutated folder.</summary>
public static class ModelCase
{
    /// <summary>Loads a graph that opening let pass, and runs three tokens, on ONNX Runtime's kernels and on ours. Returns a refusal, or null.</summary>
    public static string? Load(DecoderGraph graph, Action? beforeRun = null)
    {
        try
        {
            using (SessionOptions options = Options(graph))
            using (var session = new InferenceSession(graph.ModelPath, options))
            {
                beforeRun?.Invoke();
                Run(session, graph);
            }

            if (Int4Operator.IsAvailable && KernelGraph.Rewrite(graph.ModelPath, 1) is { Products: > 0 } rewritten)
            {
                using SessionOptions options = Options(graph);
                options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", rewritten.Folder);
                Int4Operator.Register(options);
                using var session = new InferenceSession(rewritten.Model, options);
                Run(session, graph);
            }

            return null;
        }
        catch (OnnxRuntimeException e)
        {
            return e.Message;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return e.Message;
        }
    }

    /// <summary>Loads a graph that nobody checked, and runs nothing. Returns ONNX Runtime's refusal, or null.</summary>
    public static string? LoadUnchecked(string path)
    {
        try
        {
            using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            using var session = new InferenceSession(path, options);
            return null;
        }
        catch (OnnxRuntimeException e)
        {
            return e.Message;
        }
    }

    private static SessionOptions Options(DecoderGraph graph)
    {
        var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        LoadLimits.Apply(options, graph.ModelPath);
        return options;
    }

    private static void Run(InferenceSession session, DecoderGraph graph)
    {
        const int Count = 3;
        Dictionary<string, OrtValue> inputs = [];
        void Add(string? name, TensorElementType type, long[] values, params long[] shape)
        {
            if (name is not null)
            {
                inputs[name] = type == TensorElementType.Int32
                    ? OrtValue.CreateTensorValueFromMemory(values.Select(v => (int)v).ToArray(), shape) : OrtValue.CreateTensorValueFromMemory(values, shape);
            }
        }

        Add(graph.InputIds, graph.InputIdsType, [5, 6, 7], 1, Count);
        Add(graph.AttentionMask, graph.AttentionMaskType, [1, 1, 1], 1, Count);
        Add(graph.PositionIds, TensorElementType.Int64, [0, 1, 2], 1, Count);
        Add(graph.SequenceLengths, TensorElementType.Int32, [Count - 1], 1);
        Add(graph.TotalSequenceLength, TensorElementType.Int32, [Count]);
        Add(graph.SelectedRows, TensorElementType.Int64, [Count - 1], 1);
        Add(graph.LogitsToKeep, TensorElementType.Int64, [1]);
        if (graph.UseCacheBranch is not null)
        {
            inputs[graph.UseCacheBranch] = OrtValue.CreateTensorValueFromMemory(new[] { false }, [1]);
        }

        foreach (LayerCache layer in graph.Layers)
        {
            inputs[layer.PastKey] = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, graph.CacheType, [1, layer.KvHeads, 0, layer.HeadSize]);
            inputs[layer.PastValue] = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, graph.CacheType, [1, layer.KvHeads, 0, layer.HeadSize]);
        }

        using var run = new RunOptions();
        try
        {
            using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, inputs, [graph.Logits]);
        }
        finally
        {
            foreach (OrtValue value in inputs.Values)
            {
                value.Dispose();
            }
        }
    }
}
