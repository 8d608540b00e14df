using TokenFactory.Inference.Text.Characters;
using TokenFactory.Inference.Text.Patterns;

namespace TokenFactory.Inference.Text.Pipeline;

internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// <summary>Cuts a piece where a pattern, a text or characters of a set are found, and says what becomes of what was found.</summary>
internal sealed class SplitRule
{
    private readonly TokenPattern? _pattern;
    private readonly string? _literal;
    private readonly CodePointSet? _set;
    private readonly SplitBehavior _behavior;
    private readonly bool _invert;

    public SplitRule(TokenPattern pattern, SplitBehavior behavior, bool invert)
    {
        _pattern = pattern;
        _behavior = behavior;
        _invert = invert;
    }

    public SplitRule(string literal, SplitBehavior behavior, bool invert)
    {
        _literal = literal;
        _behavior = behavior;
        _invert = invert;
    }

    public SplitRule(CodePointSet set, SplitBehavior behavior)
    {
        _set = set;
        _behavior = behavior;
    }

    public void Split(in Piece piece, PieceSink sink)
    {
        if (piece.Length == 0)
        {
            return;
        }

        if (_behavior is SplitBehavior.Isolated)
        {
            // Everything found and everything between becomes a piece: nothing to collect.
            SplitIsolated(piece, sink);
            return;
        }

        var parts = new List<(int Start, int End, bool Match)>();
        int last = 0;
        var finder = new Finder(this, piece.Span);
        while (finder.Next(out int start, out int end))
        {
            if (start > last)
            {
                parts.Add((last, start, _invert));
            }

            parts.Add((start, end, !_invert));
            last = end;
        }

        if (last < piece.Length)
        {
            parts.Add((last, piece.Length, _invert));
        }

        Emit(piece, parts, sink);
    }

    private void SplitIsolated(in Piece piece, PieceSink sink)
    {
        int last = 0;
        var finder = new Finder(this, piece.Span);
        while (finder.Next(out int start, out int end))
        {
            if (start > last)
            {
                sink.Accept(piece.Slice(last, start));
            }

            if (end > start)
            {
                sink.Accept(piece.Slice(start, end));
            }

            last = end;
        }

        if (last < piece.Length)
        {
            sink.Accept(piece.Slice(last, piece.Length));
        }
    }

    private void Emit(in Piece piece, List<(int Start, int End, bool Match)> parts, PieceSink sink)
    {
        if (_behavior == SplitBehavior.Removed)
        {
            foreach ((int start, int end, bool match) in parts)
            {
                if (!match && end > start)
                {
                    sink.Accept(piece.Slice(start, end));
                }
            }

            return;
        }

        var merged = new List<(int Start, int End)>(parts.Count);
        bool previous = false;
        bool backwards = _behavior == SplitBehavior.MergedWithNext;
        for (int k = 0; k < parts.Count; k++)
        {
            (int start, int end, bool match) = parts[backwards ? parts.Count - 1 - k : k];
            bool join = _behavior == SplitBehavior.Contiguous ? match == previous : match && !previous;
            if (join && merged.Count > 0)
            {
                merged[^1] = backwards ? (start, merged[^1].End) : (merged[^1].Start, end);
            }
            else
            {
                merged.Add((start, end));
            }

            previous = match;
        }

        for (int k = 0; k < merged.Count; k++)
        {
            (int start, int end) = merged[backwards ? merged.Count - 1 - k : k];
            if (end > start)
            {
                sink.Accept(piece.Slice(start, end));
            }
        }
    }

    private ref struct Finder
    {
        private readonly SplitRule _rule;
        private readonly ReadOnlySpan<char> _text;
        private PatternRun _run;
        private int _at;

        public Finder(SplitRule rule, ReadOnlySpan<char> text)
        {
            _rule = rule;
            _text = text;
            if (rule._pattern is not null)
            {
                _run = new PatternRun(rule._pattern, text);
            }
        }

        public bool Next(out int start, out int end)
        {
            if (_rule._pattern is not null)
            {
                return _run.Next(out start, out end);
            }

            if (_rule._literal is { } literal)
            {
                int found = literal.Length == 0 ? -1 : _text[_at..].IndexOf(literal);
                start = _at + found;
                end = start + literal.Length;
                _at = found < 0 ? _at : end;
                return found >= 0;
            }

            for (; _at < _text.Length; _at++)
            {
                char c = _text[_at];
                bool pair = char.IsHighSurrogate(c) && _at + 1 < _text.Length;
                if (_rule._set!.Contains(pair ? char.ConvertToUtf32(c, _text[_at + 1]) : c))
                {
                    start = _at;
                    end = _at += pair ? 2 : 1;
                    return true;
                }

                if (pair)
                {
                    _at++;
                }
            }

            start = end = 0;
            return false;
        }
    }
}
