using System.Text;

namespace TokenFactory.Inference.Text.Decoding;

/// <summary>
/// One step from tokens back to text, as a stream: a token comes whole or in fragments, and what leaves is certain. Decoding a list of ids
/// and streaming them are the same code, so they can't differ.
/// </summary>
internal abstract class DecodeStage
{
    /// <summary>Takes a fragment of a token.</summary>
    /// <param name="text">The fragment.</param>
    /// <param name="last">True when the token ends with it.</param>
    public abstract void Push(ReadOnlySpan<char> text, bool last);

    /// <summary>No token follows.</summary>
    public abstract void Flush();
}

/// <summary>The end of the line: a text that grows.</summary>
internal sealed class TextSink : DecodeStage
{
    private readonly StringBuilder _text = new();

    public override void Push(ReadOnlySpan<char> text, bool last) => _text.Append(text);

    public override void Flush()
    {
    }

    /// <summary>What came since the last call.</summary>
    public string Take()
    {
        if (_text.Length == 0)
        {
            return "";
        }

        string text = _text.ToString();
        _text.Clear();
        return text;
    }
}

/// <summary>A stage that needs whole tokens.</summary>
internal abstract class TokenStage(DecodeStage next) : DecodeStage
{
    private StringBuilder? _fragments;

    /// <summary>How many tokens came before.</summary>
    protected int Index { get; private set; }

    protected DecodeStage Next => next;

    public sealed override void Push(ReadOnlySpan<char> text, bool last)
    {
        if (!last)
        {
            (_fragments ??= new StringBuilder()).Append(text);
            return;
        }

        if (_fragments is null)
        {
            OnToken(text);
        }
        else
        {
            string whole = _fragments.Append(text).ToString();
            _fragments = null;
            OnToken(whole);
        }

        Index++;
    }

    public sealed override void Flush()
    {
        OnEnd();
        next.Flush();
    }

    protected abstract void OnToken(ReadOnlySpan<char> token);

    protected virtual void OnEnd()
    {
    }
}
