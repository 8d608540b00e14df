namespace TokenFactory.Inference.Text;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">Who speaks: <c>system</c>, <c>user</c>, <c>assistant</c>, <c>tool</c>, or what the template knows.</param>
/// <param name="Content">The text; a list of parts where the template takes them; null for a message of tool calls alone.</param>
public sealed record ChatMessage(string Role, object? Content)
{
    /// <summary>Further fields as the template names them: <c>name</c>, <c>tool_calls</c>, <c>tool_call_id</c>, <c>reasoning_content</c>.</summary>
    public IReadOnlyDictionary<string, object?> Fields { get; init; } = new Dictionary<string, object?>();

    internal Dictionary<string, object?> ToVariables()
    {
        var variables = new Dictionary<string, object?> { ["role"] = Role, ["content"] = Content };
        foreach ((string name, object? value) in Fields)
        {
            variables[name] = value;
        }

        return variables;
    }
}
