using System.Text;

namespace TokenFactory.Inference.Text.Pipeline;

/// <summary>Builds a rewritten text and, when it is asked for, where each character came from.</summary>
internal sealed class TextRewriter
{
    // A hostile file can grow a text without end, one replacement after another: all of them share what the input allows.
    private const int LengthLimit = 1 << 26;
    private const int SmallestLimit = 1 << 14;
    private const int GrowthLimit = 64;

    private readonly Piece _source;
    private readonly StringBuilder _text;
    private readonly List<int>? _map;
    private readonly int _limit;

    public TextRewriter(Piece source, bool track)
    {
        _source = source;
        _limit = source.Text.Limit > 0 ? source.Text.Limit : (int)Math.Min(LengthLimit, SmallestLimit + ((long)GrowthLimit * source.Length));
        _text = new StringBuilder(source.Length + 8);
        _map = track ? new List<int>((source.Length + 8) * 2) : null;
    }

    public bool Tracks => _map is not null;

    /// <summary>Appends text that stands for the source's characters from start to end (relative to the piece).</summary>
    public void Append(ReadOnlySpan<char> text, int start, int end)
    {
        if (_text.Length + text.Length > _limit)
        {
            throw TokenizerException.Invalid("The tokenizer makes the text grow beyond bounds. Use another tokenizer.json.");
        }

        _text.Append(text);

        if (_map is not null)
        {
            (int from, int to) = _source.Text.Original(_source.Start + start, _source.Start + end);
            for (int i = 0; i < text.Length; i++)
            {
                _map.Add(from);
                _map.Add(to);
            }
        }
    }

    public void Append(int codePoint, int start, int end)
    {
        Span<char> units = stackalloc char[2];
        Append(units[..new Rune(codePoint).EncodeToUtf16(units)], start, end);
    }

    /// <summary>Appends the source's characters from start to end as they are.</summary>
    public void Copy(int start, int end)
    {
        _text.Append(_source.Span[start..end]);
        if (_map is not null)
        {
            for (int i = start; i < end; i++)
            {
                (int from, int to) = _source.Text.Original(_source.Start + i, _source.Start + i + 1);
                _map.Add(from);
                _map.Add(to);
            }
        }
    }

    public AlignedText Build() => new(_text.ToString(), _map?.ToArray(), _source.Text.StartOf(_source.Start)) { Limit = _limit };
}
