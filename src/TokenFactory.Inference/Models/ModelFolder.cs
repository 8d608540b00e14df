using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Models;

/// <summary>A model folder as published: ONNX Runtime GenAI's layout, Hugging Face's <c>onnx</c> exports, or a tokenizer alone.</summary>
/// <remarks>Opening reads configs and the graph's description, never the weights. Whatever the files hold, no file outside the folder is read.</remarks>
public sealed class ModelFolder
{
    private const string GenAIConfig = "genai_config.json";
    private const string HuggingFaceConfig = "config.json";
    private const string Tokenizer = "tokenizer.json";

    private readonly DecoderGraph? _graph;

    private ModelFolder(string path, ModelInfo info, DecoderGraph? graph, string? tokenizerPath)
    {
        Path = path;
        Info = info;
        _graph = graph;
        TokenizerPath = tokenizerPath;
    }

    /// <summary>Full path of the folder.</summary>
    public string Path { get; }

    /// <summary>What the folder holds.</summary>
    public ModelInfo Info { get; }

    /// <summary>False for a folder with a tokenizer alone.</summary>
    public bool HasGraph => _graph is not null;

    /// <summary>How to drive the graph.</summary>
    /// <exception cref="ModelFolderException"><c>ModelFileMissing</c>: the folder has a tokenizer alone.</exception>
    public DecoderGraph Graph => _graph ?? throw ModelFolderException.FileMissing(Path, SyntheticModel.GraphFile);

    /// <summary>Full path of <c>tokenizer.json</c>; null when there is none.</summary>
    public string? TokenizerPath { get; }

    /// <summary>Opens a folder.</summary>
    /// <param name="path">The folder, or an <c>.onnx</c> file in it.</param>
    /// <param name="variant">
    /// Which graph to take where a folder has several: a file's name (<c>model_q4.onnx</c>), or what follows <c>model_</c> in it (<c>q4</c>,
    /// <c>fp16</c>). Null takes what the config names, else <c>model.onnx</c>, else the first by name.
    /// </param>
    /// <exception cref="ModelFolderException">The folder is missing, torn, unsupported, or points out of itself.</exception>
    public static ModelFolder Open(string path, string? variant = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        ModelFolderTransaction.Repair(path);
        if (File.Exists(path))
        {
            string file = System.IO.Path.GetFileName(path);
            string folder = System.IO.Path.GetDirectoryName(path)!;
            bool inOnnxFolder = System.IO.Path.GetFileName(folder) == "onnx" && !File.Exists(System.IO.Path.Combine(folder, HuggingFaceConfig));
            folder = inOnnxFolder ? System.IO.Path.GetDirectoryName(folder)! : folder;
            return file.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) ? Open(folder, variant ?? file)
                : file == Tokenizer ? Open(folder, variant)
                : throw ModelFolderException.Invalid(path, "it is a file, but not a graph", "Give the model's folder");
        }

        if (!Directory.Exists(path))
        {
            throw ModelFolderException.NotFound(path);
        }

        try
        {
            return OpenExisting(path, variant);
        }
        catch (InvalidDataException e)
        {
            throw ModelFolderException.Invalid(path, e.Message, null, e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw ModelFolderException.Invalid(path, "a file of it vanished while it was read", null, e);
        }
    }

    /// <summary>True when a folder has a model's config, so that it may be offered by name or replaced as a whole.</summary>
    /// <param name="path">The folder.</param>
    public static bool LooksLikeModel(string path) =>
        File.Exists(System.IO.Path.Combine(path, GenAIConfig))
        || (File.Exists(System.IO.Path.Combine(path, HuggingFaceConfig)) && (Directory.Exists(System.IO.Path.Combine(path, "onnx")) || File.Exists(System.IO.Path.Combine(path, SyntheticModel.GraphFile))));

    private static ModelFolder OpenExisting(string path, string? variant)
    {
        var files = new ContainedFiles(path);
        string? tokenizer = files.Exists(Tokenizer) ? files.Resolve(Tokenizer) : null;
        ModelConfig config;
        if (files.Exists(GenAIConfig))
        {
            config = ModelConfig.ReadGenAI(files, GenAIConfig, variant);
        }
        else if (GraphChoice.HasGraph(files))
        {
            config = ModelConfig.ReadHuggingFace(files, HuggingFaceConfig, variant);
        }
        else if (tokenizer is not null)
        {
            return new ModelFolder(path, TokenizerOnly(path, TokenizerFacts.Read(files)), null, tokenizer);
        }
        else
        {
            List<string> nested = ModelsBelow(path);
            List<string> wanted = variant is null ? [] : nested.FindAll(n => n.Contains(variant, StringComparison.OrdinalIgnoreCase));
            return wanted.Count == 1 ? Open(System.IO.Path.Combine(path, wanted[0]))
                : nested.Count == 0 ? throw ModelFolderException.FileMissing(path, GenAIConfig)
                : throw ModelFolderException.Invalid(path, "it is not a model itself, but has models below it",
                    $"Give one of these folders, or a variant that names one: {string.Join(", ", wanted.Count > 1 ? wanted : nested)}");
        }

        string graphPath = files.Exists(config.GraphFile) ? files.Resolve(config.GraphFile)
            : throw ModelFolderException.FileMissing(path, config.GraphFile, GraphChoice.Others(files, config.GraphFile));
        GitLfsPointer.Refuse(graphPath);
        OnnxFile file;
        try
        {
            file = OnnxReader.Read(graphPath);
        }
        catch (InvalidDataException e)
        {
            throw ModelFolderException.Invalid(graphPath, $"the graph is torn or malformed: {e.Message}", null, e);
        }

        ModelGuard.Check(graphPath, file);
        long weightBytes = WeightFiles.Check(files, graphPath, file);
        DecoderGraph graph = GraphInspector.Inspect(graphPath, file, config.Hints);
        return new ModelFolder(path, Describe(path, config, file, graph, weightBytes, TokenizerFacts.Read(files)), graph, tokenizer);
    }

    // Publishers put a folder for each device and precision below one root: cpu_and_mobile/cpu-int4-rtn-block-32.
    private static List<string> ModelsBelow(string path)
    {
        const int Most = 32;
        var options = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Hidden, IgnoreInaccessible = true };
        return [.. Directory.EnumerateDirectories(path, "*", options).Where(LooksLikeModel).Take(Most).Select(d => System.IO.Path.GetRelativePath(path, d).Replace('\\', '/')).Order(StringComparer.Ordinal)];
    }

    private static ModelInfo Describe(string path, ModelConfig config, OnnxFile file, DecoderGraph graph, long weightBytes, TokenizerFacts facts)
    {
        var counter = new ParameterCounter(file, config.Experts);
        Dictionary<string, string> unavailable = [];
        if (counter.Precision is null)
        {
            unavailable[nameof(ModelInfo.Precision)] = "the graph has no products with stored weights";
        }

        if (counter.ActiveParameters is null)
        {
            unavailable[nameof(ModelInfo.ActiveParameters)] = "the weights of single experts cannot be told apart in the graph";
        }

        if (graph.StackingObstacle is { } obstacle)
        {
            unavailable[nameof(ModelInfo.ContinuousBatching)] = $"sequences take turns: {obstacle}";
        }

        if (graph.SlidingObstacle is { } ends)
        {
            unavailable[nameof(ModelInfo.SlidesPastContext)] = ends;
        }

        if (facts.ChatTemplate is null)
        {
            unavailable[nameof(ModelInfo.ChatTemplate)] = "the folder has no chat template";
        }

        if (config.Sampling is null)
        {
            unavailable[nameof(ModelInfo.RecommendedSampling)] = "neither genai_config.json nor generation_config.json says how to sample";
        }

        return new ModelInfo
        {
            Name = file.Metadata.GetValueOrDefault(OnnxOps.NameKey) is { Length: > 0 } name ? name : System.IO.Path.GetFileName(path),
            Path = path,
            Architecture = config.Architecture,
            Parameters = counter.Parameters,
            ActiveParameters = counter.ActiveParameters,
            WeightBytes = weightBytes,
            KvBytesPerToken = graph.KvBytesPerToken,
            CacheMode = graph.CacheMode,
            ContinuousBatching = graph.StackingObstacle is null,
            SlidesPastContext = graph.SlidingObstacle is null,
            ContextTokens = graph.ContextTokens,
            Precision = counter.Precision,
            VocabularySize = graph.VocabularySize,
            Layers = graph.Layers.Count,
            Layout = config.Layout,
            ChatTemplate = facts.ChatTemplate,
            SpecialTokens = facts.SpecialTokens,
            EndTokenIds = config.EndTokenIds.Count > 0 ? config.EndTokenIds : facts.EndTokenIds,
            RecommendedSampling = config.Sampling,
            RandomWeights = file.Metadata.GetValueOrDefault(OnnxOps.RandomWeightsKey) == "true",
            Unavailable = unavailable,
        };
    }

    private static ModelInfo TokenizerOnly(string path, TokenizerFacts facts) => new()
    {
        Name = System.IO.Path.GetFileName(path),
        Path = path,
        Layout = "tokenizer",
        ChatTemplate = facts.ChatTemplate,
        SpecialTokens = facts.SpecialTokens,
        EndTokenIds = facts.EndTokenIds,
        Unavailable = new Dictionary<string, string> { [nameof(ModelInfo.Parameters)] = "the folder has a tokenizer but no graph" },
    };
}
