using System.Text;

namespace TokenFactory.Inference.Engine;

/// <summary>Finds stop strings in text that comes in pieces; holds back what may be the beginning of one.</summary>
internal sealed class StopMatcher(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _held = new();

    /// <summary>True once a stop string was found; nothing comes after it.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Adds a piece.</summary>
    /// <returns>The text that became certain.</returns>
    public string Add(string piece)
    {
        if (Stopped || (piece.Length == 0 && _held.Length == 0))
        {
            return "";
        }

        string text = _held.Append(piece).ToString();
        _held.Clear();
        int found = -1;
        foreach (string stop in stops)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            found = at >= 0 && (found < 0 || at < found) ? at : found;
        }

        if (found >= 0)
        {
            Stopped = true;
            return text[..found];
        }

        int hold = 0;
        foreach (string stop in stops)
        {
            for (int length = Math.Min(stop.Length - 1, text.Length); length > hold; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    hold = length;
                    break;
                }
            }
        }

        _held.Append(text, text.Length - hold, hold);
        return text[..^hold];
    }

    /// <summary>What is still held when the generation ends without a stop string.</summary>
    public string Flush()
    {
        string rest = Stopped ? "" : _held.ToString();
        _held.Clear();
        return rest;
    }
}
