namespace TokenFactory.Inference.Onnx;

/// <summary>Chooses a decoder shape of Llama's type near a parameter count.</summary>
/// <remarks>
/// The nearest of a ladder of shapes (by ratio) is adjusted to the count: first its layers, then its feed-forward width in steps of 32. From
/// 135M on the rungs have dimensions that published models made familiar, so that speed and cost are those of a real model of that size.
/// </remarks>
public static class DecoderShapes
{
    /// <summary>Fewest parameters that a shape is offered for.</summary>
    public const long Minimum = 500_000;

    /// <summary>Most parameters that a shape is offered for.</summary>
    public const long Maximum = 200_000_000_000;

    private const int WidthStep = 32;

    private static readonly DecoderShape[] s_ladder =
    [
        Rung(128, 4, 4, 2, 32, 352, 2048, 2048, 10000, tied: true),
        Rung(256, 5, 8, 4, 32, 704, 8192, 4096, 10000, tied: true),
        Rung(288, 6, 9, 3, 32, 896, 32000, 4096, 10000, tied: true),
        Rung(512, 8, 8, 4, 64, 1376, 32000, 4096, 10000, tied: true),
        Rung(576, 30, 9, 3, 64, 1536, 49152, 8192, 100000, tied: true),
        Rung(960, 32, 15, 5, 64, 2560, 49152, 8192, 100000, tied: true),
        Rung(1536, 28, 12, 2, 128, 8960, 151936, 32768, 1000000, tied: true),
        Rung(3072, 28, 24, 8, 128, 8192, 128256, 32768, 500000, tied: true),
        Rung(4096, 32, 32, 8, 128, 14336, 128256, 32768, 500000, tied: false),
        Rung(5120, 64, 40, 8, 128, 27648, 152064, 32768, 1000000, tied: false),
        Rung(8192, 80, 64, 8, 128, 28672, 128256, 32768, 500000, tied: false),
    ];

    /// <summary>The shape nearest to a parameter count.</summary>
    /// <param name="parameters">Parameters asked for, <see cref="Minimum"/> to <see cref="Maximum"/>.</param>
    /// <returns>A shape within a few percent of the count; <see cref="DecoderShape.Parameters"/> says what it has.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The count is out of range.</exception>
    public static DecoderShape Nearest(long parameters)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parameters, Minimum);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parameters, Maximum);
        DecoderShape rung = s_ladder.MinBy(s => Math.Abs(Math.Log((double)s.Parameters / parameters)))!;

        // Names of sizes are rounded: "135M" means the published 134.5M, not a shape of our own.
        if (Math.Abs((double)rung.Parameters / parameters - 1) < 0.04)
        {
            return rung;
        }

        long fixedPart = (rung with { Layers = 0 }).Parameters;
        long perLayer = (rung.Parameters - fixedPart) / rung.Layers;
        int layers = (int)Math.Max(1, Math.Round((parameters - fixedPart) / (double)perLayer));
        DecoderShape shape = rung with { Layers = layers };
        double perStep = 3.0 * shape.Hidden * layers * WidthStep;
        int steps = (int)Math.Round((parameters - shape.Parameters) / perStep);
        return shape with { Intermediate = Math.Max(WidthStep, shape.Intermediate + (steps * WidthStep)) };
    }

    private static DecoderShape Rung(
        int hidden, int layers, int heads, int kvHeads, int headSize, int intermediate, int vocabulary, int context, double theta, bool tied) => new()
        {
            Hidden = hidden,
            Layers = layers,
            Heads = heads,
            KvHeads = kvHeads,
            HeadSize = headSize,
            Intermediate = intermediate,
            Vocabulary = vocabulary,
            Context = context,
            RopeTheta = theta,
            TiedEmbeddings = tied,
        };
}
