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

    public ReadOnlyMemory<byte> Write(LoadRequest request)
    {
        var buffer = new ArrayBufferWriter<byte>(512 + ((request.Text?.Length ?? 0) * 5 / 4));
        using var json = new Utf8JsonWriter(buffer, s_options);
        json.WriteStartObject();
        Field(json, "model", () => json.WriteStringValue(_options.Model));
        if (_api == ServerApi.Chat)
        {
            Field(json, "messages", () => Messages(json, request));
        }
        else
        {
            Field(json, "prompt", () => Prompt(json, request));
        }

        Field(json, "max_tokens", () => json.WriteNumberValue(request.OutputTokens));
        Field(json, "stream", () => json.WriteBooleanValue(true));
        Field(json, "stream_options", () =>
        {
            json.WriteStartObject();
            json.WriteBoolean("include_usage", true);
            json.WriteEndObject();
        });
        if (_options.IgnoreEndOfSequence)
        {
            Field(json, "ignore_eos", () => json.WriteBooleanValue(true));
        }

        foreach ((string name, string value) in _options.ExtraBody)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value);
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private void Field(Utf8JsonWriter json, string name, Action value)
    {
        if (!_options.ExtraBody.ContainsKey(name))
        {
            json.WritePropertyName(name);
            value();
        }
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
