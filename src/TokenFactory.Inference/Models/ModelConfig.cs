using System.Text.Json;

namespace TokenFactory.Inference.Models;

/// <summary>What <c>genai_config.json</c> or <c>config.json</c> says.</summary>
internal sealed record ModelConfig
{
    public required string Layout { get; init; }

    public required string GraphFile { get; init; }

    public string? Architecture { get; init; }

    public IReadOnlyList<int> EndTokenIds { get; init; } = [];

    public RecommendedSampling? Sampling { get; init; }

    public (int Total, int PerToken)? Experts { get; init; }

    public GraphHints Hints { get; init; } = new();

    /// <summary>Reads ONNX Runtime GenAI's config.</summary>
    public static ModelConfig ReadGenAI(ContainedFiles files, string name, string? variant)
    {
        using JsonDocument document = files.ReadJson(name);
        JsonElement model = Section(document.RootElement, "model", name);
        JsonElement decoder = Section(model, "decoder", name);
        if (TokenizerFacts.Property(decoder, "pipeline") is not null)
        {
            throw ModelFolderException.Unsupported(Path.Combine(files.Folder, name), "the decoder is split into a pipeline of several graphs");
        }

        JsonElement inputs = TokenizerFacts.Property(decoder, "inputs") ?? default;
        JsonElement outputs = TokenizerFacts.Property(decoder, "outputs") ?? default;
        return new ModelConfig
        {
            Layout = "genai",
            GraphFile = variant is not null ? GraphChoice.Choose(files, variant) : TokenizerFacts.Text(TokenizerFacts.Property(decoder, "filename")) ?? Onnx.SyntheticModel.GraphFile,
            Architecture = TokenizerFacts.Text(TokenizerFacts.Property(model, "type")),
            EndTokenIds = Ids(TokenizerFacts.Property(model, "eos_token_id")),
            Sampling = TokenizerFacts.Property(document.RootElement, "search") is { ValueKind: JsonValueKind.Object } search ? RecommendedSampling.Read(search, name) : null,
            Hints = new GraphHints
            {
                InputIds = TokenizerFacts.Text(TokenizerFacts.Property(inputs, "input_ids")),
                AttentionMask = TokenizerFacts.Text(TokenizerFacts.Property(inputs, "attention_mask")),
                PositionIds = TokenizerFacts.Text(TokenizerFacts.Property(inputs, "position_ids")),
                Logits = TokenizerFacts.Text(TokenizerFacts.Property(outputs, "logits")),
                Context = Number(model, "context_length"),
                Vocabulary = Number(model, "vocab_size"),
                KvHeads = Number(decoder, "num_key_value_heads"),
                HeadSize = Number(decoder, "head_size"),
            },
        };
    }

    /// <summary>Reads Hugging Face's config; where it is missing, the graph must tell all.</summary>
    public static ModelConfig ReadHuggingFace(ContainedFiles files, string name, string? variant)
    {
        if (!files.Exists(name))
        {
            return new ModelConfig { Layout = "huggingface", GraphFile = GraphChoice.Choose(files, variant) };
        }

        using JsonDocument document = files.ReadJson(name);
        JsonElement root = document.RootElement;
        string? usual = TokenizerFacts.Property(root, "transformers.js_config") is { ValueKind: JsonValueKind.Object } js ? TokenizerFacts.Text(TokenizerFacts.Property(js, "dtype")) : null;
        string graph = GraphChoice.Choose(files, variant, usual);
        JsonElement text = TokenizerFacts.Property(root, "text_config") ?? root;
        int? heads = Number(text, "num_attention_heads") ?? Number(text, "n_head");
        int? hidden = Number(text, "hidden_size") ?? Number(text, "n_embd");
        int? context = Number(text, "max_position_embeddings") ?? Number(text, "n_positions");
        int? original = Number(text, "original_max_position_embeddings");
        List<int> ends = [.. Ids(TokenizerFacts.Property(root, "eos_token_id") ?? TokenizerFacts.Property(text, "eos_token_id"))];
        RecommendedSampling? sampling = null;
        if (files.Exists("generation_config.json"))
        {
            using JsonDocument generation = files.ReadJson("generation_config.json");
            sampling = generation.RootElement.ValueKind == JsonValueKind.Object ? RecommendedSampling.Read(generation.RootElement, "generation_config.json") : null;
            ends = [.. ends.Union(Ids(TokenizerFacts.Property(generation.RootElement, "eos_token_id")))];
        }

        return new ModelConfig
        {
            Layout = "huggingface",
            GraphFile = graph,
            Architecture = TokenizerFacts.Text(TokenizerFacts.Property(text, "model_type")) ?? TokenizerFacts.Text(TokenizerFacts.Property(root, "model_type")),
            EndTokenIds = ends,
            Sampling = sampling,
            Experts = (Number(text, "num_local_experts") ?? Number(text, "num_experts")) is int total && Number(text, "num_experts_per_tok") is int perToken ? (total, perToken) : null,
            Hints = new GraphHints
            {
                Context = context,
                Vocabulary = Number(text, "vocab_size"),
                KvHeads = Number(text, "num_key_value_heads") ?? heads,
                HeadSize = Number(text, "head_dim") ?? (heads > 0 && hidden > 0 ? hidden / heads : null),
                SlidingWindow = WholeWindow(text),
                RopeSwitch = original < context ? original : null,
            },
        };
    }

    // A window counts for the whole model only when no layer is said to see everything.
    private static int? WholeWindow(JsonElement config)
    {
        bool off = TokenizerFacts.Property(config, "use_sliding_window") is { ValueKind: JsonValueKind.False };
        bool mixed = TokenizerFacts.Property(config, "sliding_window_pattern") is not null
            || (TokenizerFacts.Property(config, "layer_types") is { ValueKind: JsonValueKind.Array } types && types.EnumerateArray().Any(t => TokenizerFacts.Text(t) != "sliding_attention"))
            || TokenizerFacts.Text(TokenizerFacts.Property(config, "model_type")) is "gemma2" or "gemma3" or "gemma3_text" or "gpt_oss" or "qwen2";
        return off || mixed ? null : Number(config, "sliding_window");
    }

    private static JsonElement Section(JsonElement element, string name, string file) =>
        TokenizerFacts.Property(element, name) is { ValueKind: JsonValueKind.Object } section ? section
            : throw new InvalidDataException($"{file} has no section '{name}'");

    private static int? Number(JsonElement element, string name) =>
        TokenizerFacts.Property(element, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out int value) && value > 0 ? value : null;

    private static IReadOnlyList<int> Ids(JsonElement? element) => element switch
    {
        { ValueKind: JsonValueKind.Number } one when one.TryGetInt32(out int id) && id >= 0 => [id],
        { ValueKind: JsonValueKind.Array } many => [.. many.EnumerateArray().Take(1024).Where(e => e.ValueKind == JsonValueKind.Number && e.TryGetInt32(out int id) && id >= 0).Select(e => e.GetInt32())],
        _ => [],
    };
}
