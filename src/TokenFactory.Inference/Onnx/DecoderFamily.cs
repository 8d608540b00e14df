namespace TokenFactory.Inference.Onnx;

/// <summary>Activation between the gate and the up projection of a feed-forward layer.</summary>
public enum GateActivation
{
    /// <summary>x · sigmoid(x): Llama, Mistral, Qwen, Phi.</summary>
    Silu,

    /// <summary>GELU in its tanh form: Gemma.</summary>
    GeluTanh,
}

/// <summary>What sets one family of decoders apart from the plain Llama graph.</summary>
/// <remarks>Each feature is independent; the presets below combine them as the named families do.</remarks>
public sealed record DecoderFamily
{
    /// <summary>The family's name as configs write it (<c>model_type</c>).</summary>
    public string Name { get; init; } = "llama";

    /// <summary>Name of the class that Hugging Face's config gives (<c>architectures</c>).</summary>
    public string ClassName { get; init; } = "LlamaForCausalLM";

    /// <summary>Biases on the query, key and value projections.</summary>
    public bool QkvBias { get; init; }

    /// <summary>A root-mean-square norm over each head of queries and keys before the rotary embedding.</summary>
    public bool QkNorm { get; init; }

    /// <summary>Tokens that a sliding layer sees, itself included; null when every layer sees all.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Every so manyth layer sees all tokens although the others slide; 0 when all slide.</summary>
    public int GlobalEvery { get; init; }

    /// <summary>Bound c of attention scores, c · tanh(score / c); null when unbounded.</summary>
    public double? AttentionSoftcap { get; init; }

    /// <summary>Bound c of logits, c · tanh(logit / c); null when unbounded.</summary>
    public double? LogitSoftcap { get; init; }

    /// <summary>Scale of attention scores; null for 1 / √(head size).</summary>
    public double? AttentionScale { get; init; }

    /// <summary>Embeddings are multiplied by √hidden.</summary>
    public bool ScaledEmbeddings { get; init; }

    /// <summary>Norms after attention and after the feed-forward layer, before their sums with the residual, besides those in front.</summary>
    public bool SandwichNorms { get; init; }

    /// <summary>The feed-forward activation.</summary>
    public GateActivation Activation { get; init; }

    /// <summary>Share of each head's elements that the rotary embedding turns.</summary>
    public double RotaryFraction { get; init; } = 1;

    /// <summary>Rotary base of sliding layers; null when it is that of all.</summary>
    public double? LocalRopeTheta { get; init; }

    /// <summary>Context in training; a longer one switches to the long factors of the rotary frequencies. Null when there are none.</summary>
    public int? OriginalContext { get; init; }

    /// <summary>A learned score per head that takes part in the softmax and adds nothing (gpt-oss).</summary>
    public bool AttentionSinks { get; init; }

    /// <summary>A bias on the attention's output projection.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Feed-forward experts of a layer; 0 when it is dense.</summary>
    public int Experts { get; init; }

    /// <summary>Experts that each token uses: those with the highest router scores, weighted by the softmax of these scores.</summary>
    public int ExpertsPerToken { get; init; }

    /// <summary>Llama 2 and 3, SmolLM: the plain graph.</summary>
    public static DecoderFamily Llama { get; } = new();

    /// <summary>Mistral 7B: every layer slides.</summary>
    public static DecoderFamily Mistral { get; } = new() { Name = "mistral", ClassName = "MistralForCausalLM", SlidingWindow = 4096 };

    /// <summary>Qwen 2 and 2.5: biases on query, key and value.</summary>
    public static DecoderFamily Qwen2 { get; } = new() { Name = "qwen2", ClassName = "Qwen2ForCausalLM", QkvBias = true };

    /// <summary>Qwen 3: norms on each head of queries and keys.</summary>
    public static DecoderFamily Qwen3 { get; } = new() { Name = "qwen3", ClassName = "Qwen3ForCausalLM", QkNorm = true };

    /// <summary>Phi-3 and Phi-4-mini: rotary over part of a head, with factors that depend on the sequence's length.</summary>
    public static DecoderFamily Phi3 { get; } = new() { Name = "phi3", ClassName = "Phi3ForCausalLM", RotaryFraction = 0.75, OriginalContext = 4096 };

    /// <summary>Gemma 2: soft-capping, norms before and after, every other layer slides.</summary>
    public static DecoderFamily Gemma2 { get; } = new()
    {
        Name = "gemma2",
        ClassName = "Gemma2ForCausalLM",
        SlidingWindow = 4096,
        GlobalEvery = 2,
        AttentionSoftcap = 50,
        LogitSoftcap = 30,
        ScaledEmbeddings = true,
        SandwichNorms = true,
        Activation = GateActivation.GeluTanh,
    };

    /// <summary>Gemma 3: head norms instead of soft-capping, five sliding layers to each that sees all, a rotary base for each kind.</summary>
    public static DecoderFamily Gemma3 { get; } = new()
    {
        Name = "gemma3_text",
        ClassName = "Gemma3ForCausalLM",
        SlidingWindow = 512,
        GlobalEvery = 6,
        LocalRopeTheta = 10000,
        QkNorm = true,
        ScaledEmbeddings = true,
        SandwichNorms = true,
        Activation = GateActivation.GeluTanh,
    };

    /// <summary>
    /// The gpt-oss type: a mixture of experts with clamped gates and biases, attention sinks, every other layer slides. Its rotary frequencies
    /// are plain here, not stretched: the tables are data that a graph's form does not depend on.
    /// </summary>
    public static DecoderFamily GptOss { get; } = new()
    {
        Name = "gpt_oss",
        ClassName = "GptOssForCausalLM",
        SlidingWindow = 128,
        GlobalEvery = 2,
        QkvBias = true,
        OutputBias = true,
        AttentionSinks = true,
        Experts = 32,
        ExpertsPerToken = 4,
    };

    /// <summary>True when a layer slides.</summary>
    /// <param name="layer">The layer, from 0.</param>
    public bool Slides(int layer) => SlidingWindow is not null && (GlobalEvery == 0 || (layer + 1) % GlobalEvery != 0);
}
