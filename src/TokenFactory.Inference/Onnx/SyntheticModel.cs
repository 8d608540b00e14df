using System.Globalization;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Onnx;

/// <summary>Writes decoder models with random weights: good for speed, memory, power and cost; useless for text.</summary>
public static class SyntheticModel
{
    /// <summary>Name of the graph's file.</summary>
    public const string GraphFile = "model.onnx";


    /// <summary>Writes a model folder, whole or not at all.</summary>
    /// <param name="options">What to write.</param>
    /// <param name="folder">The folder to be. An existing model folder is replaced; any other folder that holds files is refused.</param>
    /// <param name="progress">Gets 0 to 1; null for none.</param>
    /// <param name="cancellationToken">Ends the work; nothing is left behind.</param>
    /// <returns>What was written, read back from the folder.</returns>
    /// <exception cref="ModelFolderException"><c>DiskFull</c>, <c>ModelFolderInvalid</c>.</exception>
    /// <exception cref="ArgumentException">The shape's dimensions do not fit together.</exception>
    public static ModelInfo Write(SyntheticModelOptions options, string folder, IProgress<float>? progress = null, CancellationToken cancellationToken = default) =>
        Write(options, folder, null, progress, cancellationToken);

    /// <summary>Bytes that a model will take on disk, nearly.</summary>
    /// <param name="options">The model.</param>
    public static long EstimateBytes(SyntheticModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        DecoderShape shape = options.ResolvedShape;
        double bytesPerWeight = options.Precision switch { ModelPrecision.Int4 => 0.625, ModelPrecision.Int8 => 1.125, ModelPrecision.Fp16 => 2, _ => 4 };
        bool floatTable = options.Precision is ModelPrecision.Int4 or ModelPrecision.Int8 && !shape.TiedEmbeddings;
        double table = floatTable ? (double)shape.Vocabulary * shape.Hidden * (4 - bytesPerWeight) : 0;
        double rotary = 4.0 * shape.Context * shape.RotarySize;
        return (long)((shape.Parameters * bytesPerWeight) + table + rotary) + (64L * shape.Vocabulary) + (1 << 20);
    }

    internal static ModelInfo Write(
        SyntheticModelOptions options, string folder, Func<string, Stream>? create, IProgress<float>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        DecoderShape shape = options.ResolvedShape;
        shape.Validate();
        if (shape.Vocabulary < TokenizerFile.MinimumSize)
        {
            throw new ArgumentException($"The decoder's shape cannot be written: a vocabulary has at least {TokenizerFile.MinimumSize} entries.", nameof(options));
        }

        if (options.Layout == ModelLayout.GenAI && shape.RotarySize % 16 != 0)
        {
            throw new ArgumentException($"The decoder's shape cannot be written: GroupQueryAttention turns multiples of 16 elements of a head, not {shape.RotarySize}.", nameof(options));
        }

        RequireReplaceable(folder);
        try
        {
            RequireSpace(options, folder);
            using var transaction = ModelFolderTransaction.Begin(folder, create);
            WriteFiles(options, shape, transaction, progress, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            transaction.Commit();
        }
        catch (IOException e) when (ModelFolderTransaction.IsDiskFull(e))
        {
            throw ModelFolderException.DiskFull(folder, EstimateBytes(options), e);
        }

        progress?.Report(1);
        return ModelFolder.Open(folder).Info;
    }

    private static void WriteFiles(
        SyntheticModelOptions options, DecoderShape shape, ModelFolderTransaction transaction, IProgress<float>? progress, CancellationToken cancellationToken)
    {
        bool theirs = options.Layout == ModelLayout.HuggingFace;
        string graphName = theirs && options.Export.Variant is string variant ? $"model_{variant}.onnx" : GraphFile;
        string dataName = graphName + (theirs ? "_data" : ".data");
        string folder = theirs ? "onnx/" : "";
        using (Stream data = transaction.Create(folder + dataName))
        using (Stream graphFile = transaction.Create(folder + graphName))
        {
            var graph = new GraphWriter(data, dataName);
            long written = 0;
            var weights = new WeightEmitter(graph, options.Seed, options.Precision, count =>
            {
                written += count;
                progress?.Report(Math.Min(0.99f, (float)((double)written / shape.Parameters)));
            }, cancellationToken);
            new DecoderWriter(graph, weights, shape, options).Write();
            graph.Write(graphFile, "TokenFactory.Tools",
            [
                new(OnnxOps.NameKey, options.Name),
                new(OnnxOps.RandomWeightsKey, "true"),
                new("tokenfactory.seed", options.Seed.ToString(CultureInfo.InvariantCulture)),
            ]);
        }

        using (Stream tokenizer = transaction.Create("tokenizer.json"))
        {
            TokenizerFile.Write(tokenizer, shape.Vocabulary);
        }

        cancellationToken.ThrowIfCancellationRequested();
        using (Stream config = transaction.Create("tokenizer_config.json"))
        {
            ConfigFiles.WriteTokenizer(config, shape);
        }

        if (theirs)
        {
            using Stream config = transaction.Create("config.json");
            HuggingFaceConfig.Write(config, shape);
        }
        else
        {
            using Stream config = transaction.Create("genai_config.json");
            ConfigFiles.WriteGenAI(config, options, shape);
        }
    }

    private static void RequireReplaceable(string folder)
    {
        if (File.Exists(folder))
        {
            throw ModelFolderException.Invalid(folder, "it is a file", "Choose another path");
        }

        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any() && !ModelFolder.LooksLikeModel(folder))
        {
            throw ModelFolderException.Invalid(folder, "it holds files that are no model's, which replacing would delete", "Choose a new or empty folder");
        }
    }

    private static void RequireSpace(SyntheticModelOptions options, string folder)
    {
        string? existing = folder;
        while (existing is not null && !Directory.Exists(existing))
        {
            existing = Path.GetDirectoryName(existing);
        }

        long needed = EstimateBytes(options);
        long free;
        try
        {
            free = new DriveInfo(existing ?? folder).AvailableFreeSpace;
        }
        catch (Exception e) when (e is ArgumentException or IOException or UnauthorizedAccessException)
        {
            return;
        }

        if (free < needed)
        {
            throw ModelFolderException.DiskFull(folder, needed, null, free);
        }
    }
}
