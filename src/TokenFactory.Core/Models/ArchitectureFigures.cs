using TokenFactory.Core.Catalog;

namespace TokenFactory.Core.Models;

/// <summary>What follows from an architecture's shape: parameters, bytes, FLOPs and KV bytes per token.</summary>
/// <remarks>
/// Biases and other vectors beside the two norms of a layer are left out: below 0.1 % of any published total. Formulas are those
/// of the reference implementations in Hugging Face transformers (grouped-query attention: Ainslie et al., arXiv:2305.13245;
/// latent attention: DeepSeek-V2, arXiv:2405.04434).
/// </remarks>
public static class ArchitectureFigures
{
    /// <summary>Total parameters by the shape; null when the shape is not complete.</summary>
    /// <param name="architecture">The shape.</param>
    public static double? Parameters(ArchitectureSpecification architecture) => Count(architecture, activeOnly: false);

    /// <summary>Parameters that one token uses: all but the routed experts that it is not sent to; null when the shape is not complete.</summary>
    /// <param name="architecture">The shape.</param>
    public static double? ActiveParameters(ArchitectureSpecification architecture) => Count(architecture, activeOnly: true);

    /// <summary>Bits that one weight takes, block scales included where the format has them; null for an unknown precision.</summary>
    /// <param name="precision">fp32, bf16, fp16, fp8, int8, fp4, nvfp4, mxfp4 or int4.</param>
    /// <remarks>nvfp4 has an 8-bit scale for 16 weights, mxfp4 for 32 (OCP Microscaling 1.0), int4 a 16-bit scale for 32; fp4 is taken as nvfp4.</remarks>
    public static double? BitsPerWeight(string precision)
    {
        ArgumentNullException.ThrowIfNull(precision);
        return precision.ToLowerInvariant() switch
        {
            "fp32" => 32,
            "bf16" or "fp16" => 16,
            "fp8" or "int8" => 8,
            "fp4" or "nvfp4" => 4 + (8.0 / 16),
            "mxfp4" => 4 + (8.0 / 32),
            "int4" => 4 + (16.0 / 32),
            _ => null,
        };
    }

    /// <summary>Bytes of all weights in a precision; null when the precision is unknown.</summary>
    /// <param name="architecture">The shape.</param>
    /// <param name="precision">The precision.</param>
    public static double? WeightBytes(ArchitectureSpecification architecture, string precision)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        return BitsPerWeight(precision) is { } bits ? architecture.Parameters * bits / 8 : null;
    }

    /// <summary>Bytes that the KV cache grows by with one token while the context is within every window; null when the shape is not complete.</summary>
    /// <param name="architecture">The shape.</param>
    /// <param name="bytesPerElement">Bytes of a cache element: 2 for bf16, 1 for fp8.</param>
    /// <remarks>Ordinary attention keeps 2 × KV heads × head size a layer; latent attention its compressed entry alone.</remarks>
    public static double? KvBytesPerToken(ArchitectureSpecification architecture, double bytesPerElement = 2)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        return KvElementsPerLayer(architecture) * architecture.Layers * bytesPerElement;
    }

    /// <summary>Bytes of a sequence's KV cache at a context: layers with a sliding window keep no more than the window.</summary>
    /// <param name="architecture">The shape.</param>
    /// <param name="contextTokens">Tokens in the context.</param>
    /// <param name="bytesPerElement">Bytes of a cache element.</param>
    public static double? KvBytes(ArchitectureSpecification architecture, double contextTokens, double bytesPerElement = 2)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        double windowed = architecture.WindowLayers ?? 0;
        double window = Math.Min(contextTokens, architecture.WindowTokens ?? contextTokens);
        return KvElementsPerLayer(architecture) * bytesPerElement * (((architecture.Layers - windowed) * contextTokens) + (windowed * window));
    }

    /// <summary>Floating-point operations of one token: two for each weight it is multiplied with, and four for each element of context attended to; null when the shape is not complete.</summary>
    /// <param name="architecture">The shape.</param>
    /// <param name="contextTokens">Tokens it attends to.</param>
    /// <remarks>The embedding is looked up, not multiplied. Attention by Kaplan et al., arXiv:2001.08361, table 1.</remarks>
    public static double? FlopsPerToken(ArchitectureSpecification architecture, double contextTokens = 0)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        double lookup = architecture.IsEmbeddingTied ? 0 : (double)(architecture.VocabularySize ?? 0) * (architecture.HiddenSize ?? 0);
        double windowed = architecture.WindowLayers ?? 0;
        double window = Math.Min(contextTokens, architecture.WindowTokens ?? contextTokens);
        double attended = ((architecture.Layers ?? 0) - windowed) * contextTokens + (windowed * window);
        double? width = architecture.LatentKeyValueSize is { } latent
            ? architecture.AttentionHeads * (latent + (latent - (architecture.LatentPositionSize ?? 0)))
            : architecture.AttentionHeads * HeadSize(architecture) * 2;
        return (2 * ((architecture.ActiveParameters ?? architecture.Parameters) - lookup)) + (2 * width * attended);
    }

    /// <summary>The architecture with the totals that its shape gives where they are absent.</summary>
    internal static ArchitectureSpecification Complete(ArchitectureSpecification architecture)
    {
        double parameters = architecture.Parameters > 0 ? architecture.Parameters : Parameters(architecture) ?? 0;
        return architecture with
        {
            HeadSize = architecture.HeadSize ?? HeadSize(architecture),
            Parameters = parameters,
            ActiveParameters = architecture.ActiveParameters ?? ActiveParameters(architecture) ?? (architecture.Experts is null && parameters > 0 ? parameters : null),
        };
    }

    private static int? HeadSize(ArchitectureSpecification a) => a.HeadSize ?? (a.LatentKeyValueSize is null ? a.HiddenSize / a.AttentionHeads : null);

    private static double? KvElementsPerLayer(ArchitectureSpecification a) =>
        a.LatentKeyValueSize ?? (double?)(2L * (a.KeyValueHeads ?? a.AttentionHeads) * HeadSize(a));

    private static double? Count(ArchitectureSpecification a, bool activeOnly)
    {
        ArgumentNullException.ThrowIfNull(a);
        double? hidden = a.HiddenSize;
        double dense = a.Experts is null ? a.Layers ?? 0 : a.DenseLayers ?? 0;
        double mixtures = (a.Layers ?? 0) - dense;
        double matrices = a.IsFeedForwardGated ? 3 : 2;
        double? denseForward = dense > 0 ? matrices * hidden * a.IntermediateSize : 0;
        double? mixtureForward = mixtures > 0
            ? (hidden * a.Experts) + (matrices * hidden * a.ExpertIntermediateSize * ((activeOnly ? a.ExpertsPerToken : a.Experts) + (a.SharedExperts ?? 0)))
            : 0;
        double? embedding = (double?)a.VocabularySize * hidden * (a.IsEmbeddingTied ? 1 : 2);
        return embedding + hidden + (a.Layers * (Attention(a) + (2 * hidden))) + (dense * denseForward) + (mixtures * mixtureForward);
    }

    private static double? Attention(ArchitectureSpecification a)
    {
        double? hidden = a.HiddenSize;
        double? heads = a.AttentionHeads;
        if (a.LatentKeyValueSize is not { } latent)
        {
            return hidden * HeadSize(a) * ((2 * heads) + (2 * (a.KeyValueHeads ?? a.AttentionHeads)));
        }

        double? position = a.LatentPositionSize;
        double? rank = latent - position;
        double? query = heads * (a.LatentKeyHeadSize + position);
        double? queries = a.LatentQuerySize is { } compressed ? (hidden * compressed) + (compressed * query) : hidden * query;
        return queries + (hidden * latent) + (rank * heads * (a.LatentKeyHeadSize + a.LatentValueHeadSize)) + (heads * a.LatentValueHeadSize * hidden);
    }
}
