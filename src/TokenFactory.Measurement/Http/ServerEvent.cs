using System.Text;
using System.Text.Json;
using TokenFactory.Measurement.Load;

namespace TokenFactory.Measurement.Http;

/// <summary>Reads one event of a completion stream and notes in the trace what it says.</summary>
/// <remarks>
/// Output is a non-empty string under <c>content</c>, <c>reasoning_content</c>, <c>reasoning</c>, <c>refusal</c> or <c>text</c>, or a tool or function
/// call that carries a name or arguments; a chunk of role, finish reason or usage alone has none. Content in parts (Mistral's reasoning models) is
/// output when a part has text. A count of 0 tokens is a placeholder (Ollama sends it in each chunk before the last), an empty finish reason is none. Unknown fields are skipped, so that servers'
/// additions do no harm. Works on the received bytes and allocates only for finish reasons, errors, and text that somebody wants.
/// </remarks>
internal static class ServerEvent
{
    /// <summary>Reads an event.</summary>
    /// <param name="data">The event's JSON.</param>
    /// <param name="timestamp">When its bytes were there.</param>
    /// <param name="isError">True when the event's type said that it is an error.</param>
    /// <param name="trace">Gets what it says.</param>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static void Read(ReadOnlySpan<byte> data, long timestamp, bool isError, RequestTrace trace)
    {
        var reader = new Utf8JsonReader(data);
        bool output = false;
        bool error = isError;
        string? message = null;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("An event is not an object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("choices"u8))
            {
                reader.Read();
                output |= Choices(ref reader, trace);
            }
            else if (reader.ValueTextEquals("usage"u8))
            {
                reader.Read();
                Usage(ref reader, trace);
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.Null)
                {
                    error = true;
                    message = Error(ref reader);
                }
            }
            else if (reader.ValueTextEquals("object"u8))
            {
                reader.Read();
                error |= reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("error"u8);
            }
            else if (reader.ValueTextEquals("message"u8))
            {
                reader.Read();
                message ??= reader.TokenType == JsonTokenType.String ? reader.GetString() : Skipped(ref reader);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        if (output)
        {
            trace.AddFragment(timestamp);
        }

        if (error)
        {
            trace.Failure ??= new RequestFailure(FailureReason.StreamError, message ?? Encoding.UTF8.GetString(data));
        }
        else if (trace.FinishReason is "error" or "abort")
        {
            trace.Failure ??= new RequestFailure(FailureReason.StreamError, $"The server ended the output with finish reason '{trace.FinishReason}'.");
        }
    }

    /// <summary>The message of an error reply, the title of a page, or its text when it has neither.</summary>
    public static string ErrorMessage(ReadOnlySpan<byte> body)
    {
        try
        {
            var trace = new RequestTrace();
            Read(body, 0, isError: true, trace);
            return trace.Failure!.Message;
        }
        catch (JsonException)
        {
            string text = Encoding.UTF8.GetString(body);
            int title = text.IndexOf("<title>", StringComparison.OrdinalIgnoreCase) + "<title>".Length;
            int end = title >= "<title>".Length ? text.IndexOf("</title>", title, StringComparison.OrdinalIgnoreCase) : -1;
            return end > title ? text[title..end] : text;
        }
    }

    /// <summary>What a JSON reply says under <c>error</c>; null when it says nothing there.</summary>
    public static string? StatedError(ReadOnlySpan<byte> body)
    {
        try
        {
            var trace = new RequestTrace();
            Read(body, 0, isError: false, trace);
            return trace.Failure?.Message;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool Choices(ref Utf8JsonReader reader, RequestTrace trace)
    {
        bool output = false;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            int index = 0;
            bool finished = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("delta"u8) || reader.ValueTextEquals("message"u8))
                {
                    reader.Read();
                    output |= Delta(ref reader, trace);
                }
                else if (reader.ValueTextEquals("text"u8))
                {
                    reader.Read();
                    output |= Text(ref reader, trace);
                }
                else if (reader.ValueTextEquals("finish_reason"u8))
                {
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty)
                    {
                        trace.FinishReason = FinishReason(ref reader);
                        finished = true;
                    }
                    else
                    {
                        reader.Skip();
                    }
                }
                else if (reader.ValueTextEquals("index"u8))
                {
                    index = Integer(ref reader) ?? 0;
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }

            trace.MarkChoice(index, finished);
        }

        return output;
    }

    private static bool Delta(ref Utf8JsonReader reader, RequestTrace trace)
    {
        bool output = false;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("reasoning_content"u8)
                || reader.ValueTextEquals("reasoning"u8) || reader.ValueTextEquals("refusal"u8))
            {
                reader.Read();
                output |= Text(ref reader, trace);
            }
            else if (reader.ValueTextEquals("tool_calls"u8) || reader.ValueTextEquals("function_call"u8))
            {
                reader.Read();
                output |= Call(ref reader);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return output;
    }

    private static bool Text(ref Utf8JsonReader reader, RequestTrace trace)
    {
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            return Parts(ref reader, trace);
        }

        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return false;
        }

        if (reader.ValueSpan.IsEmpty)
        {
            return false;
        }

        trace.Text?.Append(reader.GetString());
        return true;
    }

    private static bool Parts(ref Utf8JsonReader reader, RequestTrace trace)
    {
        bool output = false;
        int depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("text"u8))
            {
                reader.Read();
                output |= reader.TokenType == JsonTokenType.String && Text(ref reader, trace);
            }
        }

        return output;
    }

    private static bool Call(ref Utf8JsonReader reader)
    {
        bool output = false;
        int depth = reader.CurrentDepth;
        if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.StartObject))
        {
            return false;
        }

        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType == JsonTokenType.PropertyName && (reader.ValueTextEquals("name"u8) || reader.ValueTextEquals("arguments"u8) || reader.ValueTextEquals("input"u8)))
            {
                reader.Read();
                output |= reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
            }
        }

        return output;
    }

    private static void Usage(ref Utf8JsonReader reader, RequestTrace trace)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("prompt_tokens"u8))
            {
                trace.InputTokens = Count(ref reader) ?? trace.InputTokens;
            }
            else if (reader.ValueTextEquals("completion_tokens"u8))
            {
                trace.OutputTokens = Count(ref reader) ?? trace.OutputTokens;
            }
            else if (reader.ValueTextEquals("prompt_tokens_details"u8))
            {
                reader.Read();
                Details(ref reader, trace);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private static void Details(ref Utf8JsonReader reader, RequestTrace trace)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("cached_tokens"u8))
            {
                trace.CachedTokens = Integer(ref reader) ?? trace.CachedTokens;
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private static int? Count(ref Utf8JsonReader reader) => Integer(ref reader) is { } count and > 0 ? count : null;

    private static int? Integer(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int value))
        {
            return value;
        }

        reader.Skip();
        return null;
    }

    private static string Error(ref Utf8JsonReader reader)
    {
        using JsonDocument error = JsonDocument.ParseValue(ref reader);
        JsonElement root = error.RootElement;
        return root.ValueKind switch
        {
            JsonValueKind.String => root.GetString()!,
            JsonValueKind.Object when root.TryGetProperty("message", out JsonElement message) && message.ValueKind == JsonValueKind.String => message.GetString()!,
            _ => root.GetRawText(),
        };
    }

    private static string? Skipped(ref Utf8JsonReader reader)
    {
        reader.Skip();
        return null;
    }

    private static string FinishReason(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("stop"u8) ? "stop" : reader.ValueTextEquals("length"u8) ? "length" : reader.GetString()!;
}
