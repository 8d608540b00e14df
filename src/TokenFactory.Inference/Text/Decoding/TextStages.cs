using System.Text;
using TokenFactory.Inference.Text.Patterns;

namespace TokenFactory.Inference.Text.Decoding;

/// <summary>All tokens become one.</summary>
internal sealed class FuseStage(DecodeStage next) : DecodeStage
{
    public override void Push(ReadOnlySpan<char> text, bool last)
    {
        if (text.Length > 0)
        {
            next.Push(text, last: false);
        }
    }

    public override void Flush()
    {
        next.Push("", last: true);
        next.Flush();
    }
}

/// <summary>A space between tokens: what decoding means when no decoder is given.</summary>
internal sealed class JoinStage(DecodeStage next) : TokenStage(next)
{
    protected override void OnToken(ReadOnlySpan<char> token)
    {
        if (Index > 0)
        {
            Next.Push(" ", last: false);
        }

        Next.Push(token, last: true);
    }
}

/// <summary>Replaces what a pattern finds in each token.</summary>
internal sealed class ReplaceStage(TokenPattern pattern, string content, DecodeStage next) : TokenStage(next)
{
    protected override void OnToken(ReadOnlySpan<char> token)
    {
        if (token.Length == 0)
        {
            Next.Push(token, last: true);
            return;
        }

        int last = 0;
        var run = new PatternRun(pattern, token);
        while (run.Next(out int start, out int end))
        {
            Next.Push(token[last..start], last: false);
            Next.Push(content, last: false);
            last = end;
        }

        Next.Push(token[last..], last: true);
    }
}

/// <summary>Replaces one character, wherever fragments end.</summary>
internal sealed class ReplaceCharacterStage(char character, string content, DecodeStage next) : DecodeStage
{
    public override void Push(ReadOnlySpan<char> text, bool last)
    {
        for (int at = text.IndexOf(character); at >= 0; at = text.IndexOf(character))
        {
            next.Push(text[..at], last: false);
            next.Push(content, last: false);
            text = text[(at + 1)..];
        }

        next.Push(text, last);
    }

    public override void Flush() => next.Flush();
}

/// <summary>Cuts up to so many of a character from a token's start and end.</summary>
internal sealed class StripStage(char content, int start, int stop, DecodeStage next) : DecodeStage
{
    private int _cut;
    private bool _started;
    private int _held;

    public override void Push(ReadOnlySpan<char> text, bool last)
    {
        while (!_started && text.Length > 0)
        {
            if (_cut < start && text[0] == content)
            {
                _cut++;
                text = text[1..];
            }
            else
            {
                _started = true;
            }
        }

        int trailing = 0;
        while (trailing < text.Length && text[^(trailing + 1)] == content)
        {
            trailing++;
        }

        if (trailing < text.Length)
        {
            Release(_held);
            _held = 0;
            next.Push(text[..^trailing], last: false);
        }

        _held += trailing;
        if (_held > stop)
        {
            Release(_held - stop);
            _held = stop;
        }

        if (last)
        {
            next.Push("", last: true);
            _cut = 0;
            _started = false;
            _held = 0;
        }
    }

    public override void Flush() => next.Flush();

    private void Release(int count)
    {
        if (count > 0)
        {
            next.Push(new string(content, count), last: false);
        }
    }
}

/// <summary>Metaspace marks back to spaces; the first token's go when they were put there.</summary>
internal sealed class MetaspaceStage(char replacement, bool dropsFirst, DecodeStage next) : TokenStage(next)
{
    protected override void OnToken(ReadOnlySpan<char> token) =>
        Next.Push(token.ToString().Replace(replacement.ToString(), Index == 0 && dropsFirst ? "" : " ", StringComparison.Ordinal), last: true);
}

/// <summary>Word pieces: a space before what does not carry the continuation's prefix.</summary>
internal sealed class WordPieceStage(string prefix, bool cleanup, DecodeStage next) : TokenStage(next)
{
    public static string Clean(string text)
    {
        var builder = new StringBuilder(text);
        foreach ((string from, string to) in (ReadOnlySpan<(string, string)>)[
            (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
            (" 's", "'s"), (" 've", "'ve"), (" 're", "'re")])
        {
            builder.Replace(from, to);
        }

        return builder.ToString();
    }

    protected override void OnToken(ReadOnlySpan<char> token)
    {
        string text = Index == 0 ? token.ToString()
            : prefix.Length > 0 && token.StartsWith(prefix) ? token[prefix.Length..].ToString()
            : prefix.Length == 0 ? token.ToString() : " " + token.ToString();
        Next.Push(cleanup ? Clean(text) : text, last: true);
    }
}

/// <summary>A suffix that ends words becomes a space, and nothing after the last token.</summary>
internal sealed class WordSuffixStage(string suffix, DecodeStage next) : TokenStage(next)
{
    private string? _held;

    protected override void OnToken(ReadOnlySpan<char> token)
    {
        Release(" ");
        _held = token.ToString();
    }

    protected override void OnEnd() => Release("");

    private void Release(string replacement)
    {
        if (_held is not null)
        {
            Next.Push(suffix.Length == 0 ? _held : _held.Replace(suffix, replacement, StringComparison.Ordinal), last: true);
            _held = null;
        }
    }
}

/// <summary>Connectionist temporal classification: repeats and blanks go.</summary>
internal sealed class CtcStage(string pad, string delimiter, bool cleanup, DecodeStage next) : TokenStage(next)
{
    private string? _previous;

    protected override void OnToken(ReadOnlySpan<char> token)
    {
        if (_previous is not null && token.SequenceEqual(_previous))
        {
            return;
        }

        _previous = token.ToString();
        string text = pad.Length == 0 ? _previous : _previous.Replace(pad, "", StringComparison.Ordinal);
        if (cleanup)
        {
            text = WordPieceStage.Clean(text);
            text = delimiter.Length == 0 ? text : text.Replace(delimiter, " ", StringComparison.Ordinal);
        }

        if (text.Length > 0)
        {
            Next.Push(text, last: true);
        }
    }
}
