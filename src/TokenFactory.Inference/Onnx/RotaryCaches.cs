namespace TokenFactory.Inference.Onnx;

/// <summary>Cosine and sine tables of the rotary embedding: row = position, column = pair.</summary>
/// <remarks>Angle of pair i at position p: p · θ^(−2i / d), d being the turned elements. Source: Su et al., "RoFormer", 2021, eq. 15.</remarks>
internal static class RotaryCaches
{
    /// <summary>Names of a layer's tables.</summary>
    public static (string Cos, string Sin) Names(DecoderShape shape, int layer) =>
        shape.Family.LocalRopeTheta is not null && shape.Family.Slides(layer) ? ("cos_cache_local", "sin_cache_local") : ("cos_cache", "sin_cache");

    /// <summary>Adds the tables.</summary>
    public static void Write(WeightEmitter weights, DecoderShape shape)
    {
        Table(weights, "", shape, shape.RopeTheta);
        if (shape.Family.LocalRopeTheta is double local)
        {
            Table(weights, "_local", shape, local);
        }
    }

    /// <summary>Inverse frequencies of the pairs.</summary>
    public static double[] Frequencies(int rotarySize, double theta)
    {
        double[] frequencies = new double[rotarySize / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = DeterministicMath.Pow(theta, -2.0 * i / rotarySize);
        }

        return frequencies;
    }

    private static void Table(WeightEmitter weights, string suffix, DecoderShape shape, double theta)
    {
        double[] frequencies = Frequencies(shape.RotarySize, theta);
        int pairs = frequencies.Length;
        float[] cos = new float[shape.Context * pairs];
        float[] sin = new float[shape.Context * pairs];
        Parallel.For(0, shape.Context, position =>
        {
            for (int i = 0; i < pairs; i++)
            {
                (double c, double s) = DeterministicMath.CosSin(position * frequencies[i]);
                cos[(position * pairs) + i] = (float)c;
                sin[(position * pairs) + i] = (float)s;
            }
        });
        weights.Constant($"cos_cache{suffix}", [shape.Context, pairs], cos);
        weights.Constant($"sin_cache{suffix}", [shape.Context, pairs], sin);
    }
}
