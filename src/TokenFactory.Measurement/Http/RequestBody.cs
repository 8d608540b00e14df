using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using TokenFactory.Core;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Http;

/// <summary>Writes the JSON of completion requests.</summary>
internal sealed class RequestBody
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private const int LargestKept = 1 << 20;

    [ThreadStatic]
    private static Tuple<ArrayBufferWriter<byte>, Utf8JsonWriter>? t_writer;

    private readonly ServerOptions _options;
    private readonly ServerApi _api;

    public RequestBody(ServerOptions options, ServerApi api)
    {
        (_options, _api) = (options, api);
        foreach ((string name, string json) in options.ExtraBody)
        {
            try
            {
                JsonDocument.Parse(json).Dispose();
            }
            catch (JsonException e)
            {
                throw new TokenFactoryException("ExtraBodyInvalid", FailureKind.InvalidInput,
                    $"The value of the body's field '{name}' is not JSON: {e.Message} Text needs quotation marks inside.", name, e);
            }
        }
    }

    /// <summary>Writes the body of a request; the bytes are there until this thread writes the next.</summary>
    /// <param name="request">The request.</param>
    public ReadOnlySpan<byte> Write(LoadRequest request)
    {
        (ArrayBufferWriter<byte> buffer, Utf8JsonWriter json) = t_writer ??= NewWriter();
        if (buffer.Capacity > LargestKept)
        {
            (buffer, json) = t_writer = NewWriter();
        }

        buffer.ResetWrittenCount();
        json.Reset();
        json.WriteStartObject();
        if (Named(json, "model"))
        {
            json.WriteStringValue(_options.Model);
        }

        if (_api == ServerApi.Chat && Named(json, "messages"))
        {
            Messages(json, request);
        }
        else if (_api == ServerApi.Completions && Named(json, "prompt"))
        {
            Prompt(json, request);
        }

        if (Named(json, "max_tokens"))
        {
            json.WriteNumberValue(request.OutputTokens);
        }

        if (Named(json, "stream"))
        {
            json.WriteBooleanValue(true);
        }

        if (Named(json, "stream_options"))
        {
            json.WriteStartObject();
            json.WriteBoolean("include_usage", true);
            json.WriteEndObject();
        }

        if (_options.IgnoreEndOfSequence && Named(json, "ignore_eos"))
        {
            json.WriteBooleanValue(true);
        }

        foreach ((string name, string value) in _options.ExtraBody)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value);
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan;
    }

    private static Tuple<ArrayBufferWriter<byte>, Utf8JsonWriter> NewWriter()
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        return Tuple.Create(buffer, new Utf8JsonWriter(buffer, s_options));
    }

    /// <summary>Writes a field's name unless the user gave the field a value of their own.</summary>
    private bool Named(Utf8JsonWriter json, string name)
    {
        if (_options.ExtraBody.Count > 0 && _options.ExtraBody.ContainsKey(name))
        {
            return false;
        }

        json.WritePropertyName(name);
        return true;
    }

    private static void Messages(Utf8JsonWriter json, LoadRequest request)
    {
        json.WriteStartArray();
        foreach (LoadMessage message in request.History)
        {
            Message(json, message.Role, message.Text);
        }

        Message(json, "user", request.Text ?? throw TextNeeded());
        json.WriteEndArray();
    }

    private static void Message(Utf8JsonWriter json, string role, string text)
    {
        json.WriteStartObject();
        json.WriteString("role", role);
        json.WriteString("content", text);
        json.WriteEndObject();
    }

    private static void Prompt(Utf8JsonWriter json, LoadRequest request)
    {
        string text = request.Text ?? throw TextNeeded();
        json.WriteStringValue(request.History.Count == 0 ? text : string.Concat(request.History.Select(m => m.Text)) + text);
    }

    private static InvalidOperationException TextNeeded() => new("A server needs prompts as text.");
}
