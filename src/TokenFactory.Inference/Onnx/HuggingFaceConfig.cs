using System.Text.Json;

namespace TokenFactory.Inference.Onnx;

/// <summary>Writes <c>config.json</c> as Hugging Face's library does for each family.</summary>
internal static class HuggingFaceConfig
{
    /// <summary>Writes the config.</summary>
    public static void Write(Stream stream, DecoderShape shape)
    {
        DecoderFamily family = shape.Family;
        using var json = new Utf8JsonWriter(stream, ConfigFiles.Options);
        json.WriteStartObject();
        json.WriteStartArray("architectures");
        json.WriteStringValue(family.ClassName);
        json.WriteEndArray();
        json.WriteNumber("bos_token_id", ConfigFiles.MessageStart);
        json.WriteNumber("eos_token_id", ConfigFiles.MessageEnd);
        json.WriteNumber("pad_token_id", ConfigFiles.EndOfText);
        json.WriteNumber("head_dim", shape.HeadSize);
        json.WriteString("hidden_act", family.Activation == GateActivation.Silu ? "silu" : "gelu_pytorch_tanh");
        json.WriteNumber("hidden_size", shape.Hidden);
        json.WriteNumber("intermediate_size", shape.Intermediate);
        json.WriteNumber("max_position_embeddings", shape.Context);
        json.WriteString("model_type", family.Name);
        json.WriteNumber("num_attention_heads", shape.Heads);
        json.WriteNumber("num_hidden_layers", shape.Layers);
        json.WriteNumber("num_key_value_heads", shape.KvHeads);
        json.WriteNumber("rms_norm_eps", shape.NormEpsilon);
        json.WriteNumber("rope_theta", shape.RopeTheta);
        json.WriteBoolean("tie_word_embeddings", shape.TiedEmbeddings);
        json.WriteNumber("vocab_size", shape.Vocabulary);
        Attention(json, shape);
        if (family.Experts > 0)
        {
            json.WriteNumber("num_local_experts", family.Experts);
            json.WriteNumber("num_experts_per_tok", family.ExpertsPerToken);
        }

        json.WriteEndObject();
    }

    private static void Attention(Utf8JsonWriter json, DecoderShape shape)
    {
        DecoderFamily family = shape.Family;
        if (family.SlidingWindow is int window)
        {
            json.WriteNumber("sliding_window", window);
            json.WriteStartArray("layer_types");
            for (int layer = 0; layer < shape.Layers; layer++)
            {
                json.WriteStringValue(family.Slides(layer) ? "sliding_attention" : "full_attention");
            }

            json.WriteEndArray();
        }

        if (family.AttentionSoftcap is double attentionCap)
        {
            json.WriteNumber("attn_logit_softcapping", attentionCap);
        }

        if (family.LogitSoftcap is double logitCap)
        {
            json.WriteNumber("final_logit_softcapping", logitCap);
        }

        if (family.LocalRopeTheta is double local)
        {
            json.WriteNumber("rope_local_base_freq", local);
        }

        if (family.RotaryFraction < 1)
        {
            json.WriteNumber("partial_rotary_factor", family.RotaryFraction);
        }

        if (family.OriginalContext is int original)
        {
            json.WriteNumber("original_max_position_embeddings", original);
            json.WriteStartObject("rope_scaling");
            json.WriteString("type", "longrope");
            Factors(json, "short_factor", RotaryCaches.Factors(shape, longer: false));
            Factors(json, "long_factor", RotaryCaches.Factors(shape, longer: true));
            json.WriteEndObject();
        }
    }

    private static void Factors(Utf8JsonWriter json, string name, double[] factors)
    {
        json.WriteStartArray(name);
        foreach (double factor in factors)
        {
            json.WriteNumberValue(factor);
        }

        json.WriteEndArray();
    }
}
