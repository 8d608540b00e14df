namespace TokenFactory.Inference.Onnx;

/// <summary>Dimensions of a decoder.</summary>
public sealed record DecoderShape
{
    /// <summary>Elements of a token's vector.</summary>
    public required int Hidden { get; init; }

    /// <summary>Decoder layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads; divides <see cref="Heads"/>.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Elements of a head.</summary>
    public required int HeadSize { get; init; }

    /// <summary>Elements between the feed-forward projections (of one expert).</summary>
    public required int Intermediate { get; init; }

    /// <summary>Entries of the vocabulary.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Longest context, tokens.</summary>
    public int Context { get; init; } = 4096;

    /// <summary>Base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>Epsilon of the norms.</summary>
    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>True when the output head is the embedding table.</summary>
    public bool TiedEmbeddings { get; init; }

    /// <summary>The family's features.</summary>
    public DecoderFamily Family { get; init; } = DecoderFamily.Llama;

    /// <summary>Elements of a head that the rotary embedding turns.</summary>
    public int RotarySize => (int)(HeadSize * Family.RotaryFraction) / 2 * 2;

    /// <summary>Parameters in total, biases and norms included.</summary>
    public long Parameters => Count(Family.Experts);

    /// <summary>Parameters that one token uses.</summary>
    public long ActiveParameters => Count(Family.ExpertsPerToken);

    /// <summary>Throws when the dimensions do not fit together.</summary>
    /// <exception cref="ArgumentException">A dimension that cannot be written, and what to change.</exception>
    public void Validate()
    {
        Require(Hidden > 0 && Layers > 0 && Heads > 0 && KvHeads > 0 && Intermediate > 0, "every dimension must be above 0");
        Require(Heads % KvHeads == 0, $"{KvHeads} key and value heads do not divide {Heads} heads");
        Require(HeadSize > 0 && HeadSize % 8 == 0, $"a head of {HeadSize} elements is not a multiple of 8");
        Require(Hidden % 8 == 0 && Intermediate % 8 == 0, "hidden and intermediate must be multiples of 8");
        Require(Context is > 0 and <= 1 << 24, $"a context of {Context} tokens is not between 1 and 16,777,216");
        Require(RotarySize >= 2, "the rotary share leaves nothing to turn");
        Require(Family.Experts == 0 || (Family.ExpertsPerToken > 0 && Family.ExpertsPerToken <= Family.Experts), "more experts a token than there are");
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new ArgumentException($"The decoder's shape cannot be written: {problem}.");
        }
    }

    private long Count(int experts)
    {
        long hidden = Hidden;
        long queries = (long)Heads * HeadSize;
        long keys = (long)KvHeads * HeadSize;
        long attention = (hidden * (queries + (2 * keys))) + (queries * hidden);
        long biases = (Family.QkvBias ? queries + (2 * keys) : 0) + (Family.OutputBias ? hidden : 0);
        long norms = (Family.SandwichNorms ? 4 : 2) * hidden;
        long headNorms = (Family.QkNorm ? 2L * HeadSize : 0) + (Family.AttentionSinks ? Heads : 0);
        long feedForward = Family.Experts == 0 ? 3 * hidden * Intermediate : ((3 * hidden * Intermediate) + (2L * Intermediate) + hidden) * experts;
        long router = (hidden + 1) * Family.Experts;
        long layer = attention + biases + norms + headNorms + feedForward + router;
        return (Vocabulary * hidden * (TiedEmbeddings ? 1 : 2)) + (Layers * layer) + hidden;
    }
}
