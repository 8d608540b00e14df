using System.Text.Encodings.Web;
using System.Text.Json;
using TokenFactory.Inference.Models;

namespace TokenFactory.Inference.Onnx;

/// <summary>Writes the small files beside a graph: <c>genai_config.json</c> or <c>config.json</c>, <c>tokenizer_config.json</c>.</summary>
internal static class ConfigFiles
{
    /// <summary>Id of the padding token.</summary>
    public const int EndOfText = 0;

    /// <summary>Id of the token that begins a message.</summary>
    public const int MessageStart = 1;

    /// <summary>Id of the token that ends a message.</summary>
    public const int MessageEnd = 2;

    /// <summary>How these files are written: equal bytes everywhere.</summary>
    public static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // ChatML, the form that most open models of this size use.
    private const string ChatTemplate =
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    /// <summary>Writes what ONNX Runtime GenAI reads.</summary>
    public static void WriteGenAI(Stream stream, SyntheticModelOptions options, DecoderShape shape)
    {
        using var json = new Utf8JsonWriter(stream, Options);
        json.WriteStartObject();
        json.WriteStartObject("model");
        json.WriteNumber("bos_token_id", MessageStart);
        json.WriteNumber("context_length", shape.Context);
        json.WriteStartObject("decoder");
        json.WriteStartObject("session_options");
        json.WriteString("log_id", "onnxruntime-genai");
        json.WriteStartArray("provider_options");
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteString("filename", SyntheticModel.GraphFile);
        json.WriteNumber("head_size", shape.HeadSize);
        json.WriteNumber("hidden_size", shape.Hidden);
        json.WriteStartObject("inputs");
        json.WriteString("input_ids", "input_ids");
        if (options.LogitRows != LogitRows.Selected)
        {
            json.WriteString("attention_mask", "attention_mask");
        }

        json.WriteString("past_key_names", "past_key_values.%d.key");
        json.WriteString("past_value_names", "past_key_values.%d.value");
        json.WriteEndObject();
        json.WriteStartObject("outputs");
        json.WriteString("logits", "logits");
        json.WriteString("present_key_names", "present.%d.key");
        json.WriteString("present_value_names", "present.%d.value");
        json.WriteEndObject();
        json.WriteNumber("num_attention_heads", shape.Heads);
        json.WriteNumber("num_hidden_layers", shape.Layers);
        json.WriteNumber("num_key_value_heads", shape.KvHeads);
        json.WriteEndObject();
        json.WriteNumber("eos_token_id", MessageEnd);
        json.WriteNumber("pad_token_id", EndOfText);
        json.WriteString("type", shape.Family.Name is "gpt_oss" ? "gptoss" : shape.Family.Name);
        json.WriteNumber("vocab_size", shape.Vocabulary);
        json.WriteEndObject();
        json.WriteStartObject("search");
        json.WriteBoolean("do_sample", false);
        json.WriteBoolean("early_stopping", true);
        json.WriteNumber("max_length", shape.Context);
        json.WriteNumber("min_length", 0);
        json.WriteNumber("num_beams", 1);
        json.WriteNumber("num_return_sequences", 1);
        json.WriteBoolean("past_present_share_buffer", true);
        json.WriteNumber("repetition_penalty", 1);
        json.WriteNumber("temperature", 1);
        json.WriteNumber("top_k", 1);
        json.WriteNumber("top_p", 1);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Writes the tokenizer's config with the chat template.</summary>
    public static void WriteTokenizer(Stream stream, DecoderShape shape)
    {
        using var json = new Utf8JsonWriter(stream, Options);
        json.WriteStartObject();
        json.WriteBoolean("add_prefix_space", false);
        json.WriteStartObject("added_tokens_decoder");
        for (int id = 0; id < TokenizerFile.Special.Length; id++)
        {
            json.WriteStartObject(id.ToString(System.Globalization.CultureInfo.InvariantCulture));
            json.WriteString("content", TokenizerFile.Special[id]);
            json.WriteBoolean("lstrip", false);
            json.WriteBoolean("normalized", false);
            json.WriteBoolean("rstrip", false);
            json.WriteBoolean("single_word", false);
            json.WriteBoolean("special", true);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteString("bos_token", TokenizerFile.Special[MessageStart]);
        json.WriteString("chat_template", ChatTemplate);
        json.WriteBoolean("clean_up_tokenization_spaces", false);
        json.WriteString("eos_token", TokenizerFile.Special[MessageEnd]);
        json.WriteNumber("model_max_length", shape.Context);
        json.WriteString("pad_token", TokenizerFile.Special[EndOfText]);
        json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
        json.WriteString("unk_token", TokenizerFile.Special[EndOfText]);
        json.WriteEndObject();
    }
}
