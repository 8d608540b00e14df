namespace TokenFactory.Inference.Onnx;

/// <summary>Frequencies of the rotary embedding, and tables of cosines and sines: row = position, column = pair.</summary>
/// <remarks>
/// Angle of pair i at position p: p · θ^(−2i / d) / f, d being the turned elements (Su et al., "RoFormer", 2021, eq. 15) and f the pair's factor: 1, or
/// with a training context shorter than the context a short or a long one, and then cosines and sines are scaled by √(1 + ln(context / original) / ln(original))
/// (Ding et al., "LongRoPE", 2024, as Phi-3's config applies it). Real models learn the factors; these rise evenly, from 1 to 1.5 and to context / original.
/// </remarks>
internal static class RotaryCaches
{
    /// <summary>Suffix of the tables for sequences within the training context.</summary>
    public const string Short = "_small";

    /// <summary>Suffix of the tables for longer sequences.</summary>
    public const string Long = "_large";

    private const double ShortTop = 1.5;

    /// <summary>Names of a layer's tables.</summary>
    public static (string Cos, string Sin) Names(DecoderShape shape, int layer) =>
        IsLocal(shape, layer) ? ("cos_cache_local", "sin_cache_local") : ("cos_cache", "sin_cache");

    /// <summary>True when a layer has the rotary base of sliding layers.</summary>
    public static bool IsLocal(DecoderShape shape, int layer) => shape.Family.LocalRopeTheta is not null && shape.Family.Slides(layer);

    /// <summary>Adds the tables.</summary>
    public static void Write(WeightEmitter weights, DecoderShape shape)
    {
        if (shape.Family.OriginalContext is int original)
        {
            float scale = Scale(shape);
            Table(weights, Short, Math.Min(original, shape.Context), Frequencies(shape, shape.RopeTheta, Factors(shape, longer: false)), scale);
            Table(weights, Long, shape.Context, Frequencies(shape, shape.RopeTheta, Factors(shape, longer: true)), scale);
        }
        else
        {
            Table(weights, "", shape.Context, Frequencies(shape, shape.RopeTheta), 1);
        }

        if (shape.Family.LocalRopeTheta is double local)
        {
            Table(weights, "_local", shape.Context, Frequencies(shape, local), 1);
        }
    }

    /// <summary>Frequencies of the pairs.</summary>
    public static double[] Frequencies(DecoderShape shape, double theta, double[]? factors = null)
    {
        double[] frequencies = new double[shape.RotarySize / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = DeterministicMath.Pow(theta, -2.0 * i / shape.RotarySize) / (factors?[i] ?? 1);
        }

        return frequencies;
    }

    /// <summary>Factors that the pairs' frequencies are divided by.</summary>
    public static double[] Factors(DecoderShape shape, bool longer)
    {
        int pairs = shape.RotarySize / 2;
        double top = longer ? Math.Max(1, (double)shape.Context / shape.Family.OriginalContext!.Value) : ShortTop;
        double[] factors = new double[pairs];
        for (int i = 0; i < pairs; i++)
        {
            factors[i] = 1 + ((top - 1) * i / Math.Max(1, pairs - 1));
        }

        return factors;
    }

    /// <summary>What cosines and sines are multiplied by.</summary>
    public static float Scale(DecoderShape shape) => shape.Family.OriginalContext is int original && original < shape.Context
        ? (float)Math.Sqrt(1 + (DeterministicMath.Log((double)shape.Context / original) / DeterministicMath.Log(original))) : 1;

    private static void Table(WeightEmitter weights, string suffix, int rows, double[] frequencies, float scale)
    {
        int pairs = frequencies.Length;
        float[] cos = new float[rows * pairs];
        float[] sin = new float[rows * pairs];
        Parallel.For(0, rows, position =>
        {
            for (int i = 0; i < pairs; i++)
            {
                (double c, double s) = DeterministicMath.CosSin(position * frequencies[i]);
                cos[(position * pairs) + i] = (float)(c * scale);
                sin[(position * pairs) + i] = (float)(s * scale);
            }
        });
        weights.Constant($"cos_cache{suffix}", [rows, pairs], cos);
        weights.Constant($"sin_cache{suffix}", [rows, pairs], sin);
    }
}
