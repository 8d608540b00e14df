using Microsoft.ML.OnnxRuntime;
using TokenFactory.Core;
using TokenFactory.Inference.Kernels;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Providers;

namespace TokenFactory.Inference.Engine;

/// <summary>An opened decoder graph: the native session, and how to drive it.</summary>
internal sealed class DecoderSession : IDisposable
{
    private DecoderSession(InferenceSession session, DecoderGraph graph, ProviderChoice provider, int threads, int ownProducts = 0, int otherProducts = 1)
    {
        OwnProducts = ownProducts;
        RoundsByRows = graph.QuantizedProducts && otherProducts > 0;
        Session = session;
        Graph = graph;
        Provider = provider;
        Threads = threads;
        LogitRows = graph.LogitsToKeep is null ? graph.LogitRows : LogitRows.Last;
        KeepRank = graph.LogitsToKeep is { } keep && session.InputMetadata.TryGetValue(keep, out NodeMetadata? kept) ? kept.Dimensions.Length : 0;
        LogitsRank = session.OutputMetadata.TryGetValue(graph.Logits, out NodeMetadata? logits) ? logits.Dimensions.Length : 3;
    }

    public InferenceSession Session { get; }

    public DecoderGraph Graph { get; }

    /// <summary>The provider, and why it is this one.</summary>
    public ProviderChoice Provider { get; set; }

    public int Threads { get; }

    /// <summary>Products with 4-bit weights that our kernels compute; 0 where ONNX Runtime's do.</summary>
    public int OwnProducts { get; }

    /// <summary>Why ONNX Runtime did not take a graph with our kernels, so that it runs as it is; null when it did or was not asked.</summary>
    public string? OwnKernelsRefusal { get; private init; }

    /// <summary>True when some products round one row differently from several: quantized ones that ONNX Runtime's kernels compute.</summary>
    public bool RoundsByRows { get; }

    /// <summary>Which rows are scored the way the engine drives the graph: a graph that is told how many scores the last.</summary>
    public LogitRows LogitRows { get; }

    /// <summary>Dimensions of the input that says how many rows to score.</summary>
    public int KeepRank { get; }

    /// <summary>Dimensions of the logits.</summary>
    public int LogitsRank { get; }

    /// <summary>Opens the graph on a thread of its own; a cancelled caller returns at once, and what was half loaded is released behind it.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="options">How it is run.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <param name="provider">The provider; null is the processor.</param>
    public static DecoderSession Open(DecoderGraph graph, EngineOptions options, CancellationToken cancellationToken, ProviderChoice? provider = null)
    {
        cancellationToken.ThrowIfCancellationRequested();
        provider ??= new ProviderChoice(ExecutionProvider.Cpu, 0, "");
        int threads = options.Threads ?? Environment.ProcessorCount;
        using SessionOptionsLease settings = new(Settings(graph, options, provider, threads));
        Task<DecoderSession> load = Task.Factory.StartNew(
            () => Create(graph, settings, provider, threads, options.OwnKernels && KernelsAllowed), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            load.Wait(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            settings.CancelLoad();
            _ = load.ContinueWith(
                t =>
                {
                    if (t.IsCompletedSuccessfully)
                    {
                        t.Result.Dispose();
                    }
                    else
                    {
                        _ = t.Exception;
                    }
                },
                TaskScheduler.Default);
            throw;
        }
        catch (AggregateException)
        {
            // Rethrown below with its own type and stack.
        }

        return load.GetAwaiter().GetResult();
    }

    public void Dispose() => Session.Dispose();

    private static SessionOptions Settings(DecoderGraph graph, EngineOptions options, ProviderChoice provider, int threads)
    {
        var settings = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            // A remembered pattern lays a step's tensors close together. A graph with a mask has another shape for each prompt length,
            // and patterns of shapes that never come again would pile up. DirectML refuses them.
            EnableMemoryPattern = provider.Provider != ExecutionProvider.DirectML && graph.AttentionMask is null && graph.CacheMode == CacheMode.InPlace,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        try
        {
            settings.AddSessionConfigEntry("session.intra_op.allow_spinning", options.Spinning ? "1" : "0");
            LoadLimits.Apply(settings, graph.ModelPath);
            ProviderSelector.Apply(settings, provider.Provider, provider.DeviceId);
            return settings;
        }
        catch
        {
            settings.Dispose();
            throw;
        }
    }

    // TOKENFACTORY_KERNELS=onnxruntime leaves all products to ONNX Runtime.
    private static bool KernelsAllowed => !string.Equals(Environment.GetEnvironmentVariable("TOKENFACTORY_KERNELS"), "onnxruntime", StringComparison.OrdinalIgnoreCase);

    private static DecoderSession Create(DecoderGraph graph, SessionOptionsLease settings, ProviderChoice provider, int threads, bool ownKernels)
    {
        try
        {
            bool kernels = ownKernels && provider.Provider == ExecutionProvider.Cpu && Int4Operator.IsAvailable;
            string? refusal = null;
            if (KernelGraph.Rewrite(graph.ModelPath, threads, kernels) is { } rewritten)
            {
                try
                {
                    SessionOptions options = settings.Take();
                    options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", rewritten.Folder);
                    if (rewritten.Products > 0)
                    {
                        Int4Operator.Register(options);
                    }

                    return new DecoderSession(new InferenceSession(rewritten.Model, options), graph, provider, threads, rewritten.Products, rewritten.OtherProducts);
                }
                catch (OnnxRuntimeException e) when (rewritten.Products > 0)
                {
                    // A load that was cancelled fails again below.
                    refusal = Shorten(e);
                }
            }

            return new DecoderSession(new InferenceSession(graph.ModelPath, settings.Take()), graph, provider, threads) { OwnKernelsRefusal = refusal };
        }
        catch (OnnxRuntimeException e)
        {
            string text = Shorten(e);
            if (provider.Provider != ExecutionProvider.Cpu)
            {
                throw DeviceFailure.Of(provider.Provider, e) ?? DeviceFailure.NotSupported(provider.Provider, graph.ModelPath, text, e);
            }

            throw new TokenFactoryException("ModelNotLoadable", FailureKind.InvalidInput,
                $"ONNX Runtime can't open '{graph.ModelPath}': {text} Check that the model and its data files are complete, or export it again.",
                graph.ModelPath, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // The folder was whole when it was opened, and changed since.
            throw new TokenFactoryException("ModelNotLoadable", FailureKind.InvalidInput,
                $"The graph '{graph.ModelPath}' can't be read any more: {Shorten(e)} Check that the model is still there and complete.", graph.ModelPath, e);
        }
        finally
        {
            settings.Return();
        }
    }

    private static string Shorten(Exception e)
    {
        string text = e.Message.ReplaceLineEndings(" ");
        return text.Length > 400 ? text[..400] + "…" : text;
    }

    /// <summary>Session options that the loading thread and the caller who may give up both hold; the last one to let go releases them.</summary>
    private sealed class SessionOptionsLease(SessionOptions options) : IDisposable
    {
        private int _holders = 2;

        public SessionOptions Take() => options;

        public void CancelLoad() => options.SetLoadCancellationFlag(true);

        public void Return()
        {
            if (Interlocked.Decrement(ref _holders) == 0)
            {
                options.Dispose();
            }
        }

        public void Dispose() => Return();
    }
}
