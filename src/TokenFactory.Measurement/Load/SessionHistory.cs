namespace TokenFactory.Measurement.Load;

/// <summary>What was said in one session, so that the next turn carries it.</summary>
internal sealed class SessionHistory(int session)
{
    private readonly List<LoadMessage> _messages = [];
    private readonly List<int> _tokens = [];
    private string? _asked;

    /// <summary>The request of a turn: all that was said before and the new prompt.</summary>
    public LoadRequest Next(LoadRequest prompt, int turn)
    {
        _asked = prompt.Text;
        _tokens.AddRange(prompt.Tokens.Span);
        return prompt with
        {
            Session = session,
            Turn = turn,
            History = [.. _messages],
            Tokens = prompt.Tokens.IsEmpty ? default : _tokens.ToArray(),
            KeepOutput = true,
        };
    }

    /// <summary>Adds the answer.</summary>
    public void Answer(RequestTrace trace)
    {
        if (_asked is not null)
        {
            _messages.Add(new LoadMessage("user", _asked));
            _messages.Add(new LoadMessage("assistant", trace.Text?.ToString() ?? ""));
        }

        if (trace.TokenIds is { } ids)
        {
            _tokens.AddRange(ids);
        }
    }
}
