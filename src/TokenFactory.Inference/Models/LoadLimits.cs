using Microsoft.ML.OnnxRuntime;

namespace TokenFactory.Inference.Models;

/// <summary>What ONNX Runtime may take to load a graph that <see cref="ModelFolder"/> let pass.</summary>
internal static class LoadLimits
{
    /// <summary>Largest result of constants that is computed while loading, bytes; larger ones are left to the run. Above any published head or embedding in fp32.</summary>
    public const long FoldedBytes = 4L << 30;

    /// <summary>Sets the limits of a session.</summary>
    /// <param name="options">Its options.</param>
    /// <param name="graphPath">Full path of the graph's file: a small model has no use for a large limit.</param>
    public static void Apply(SessionOptions options, string graphPath)
    {
        long bytes = Math.Clamp(8 * DataBytes(graphPath), 64L << 20, FoldedBytes);
        options.AddSessionConfigEntry("optimization.constant_folding_max_output_size_in_bytes", bytes.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    // What is folded comes of weights: eight bytes of fp32 for one of int4.
    private static long DataBytes(string graphPath) =>
        new DirectoryInfo(Path.GetDirectoryName(graphPath)!).EnumerateFiles().Sum(f => f.LinkTarget is null ? f.Length : f.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target ? target.Length : 0);
}
