using System.Text;

namespace TokenFactory.Fuzz;

/// <summary>Seeded mutations of a text: cuts, copies, swaps of values, hostile fragments.</summary>
public sealed class Mutator(int seed)
{
    private static readonly string[] s_fragments =
    [
        "null", "true", "-1", "0", "1e308", "2147483648", "99999999999999999999", "\"\"", "[]", "{}", "[[", "{\"", "\\u0000", "\\ud83d", "\"\uFFFD\"", "(", ")", "[", "]", "(a+)+", "{1,99999}", "\\p{", "(?<", "\\1",
        "{{", "}}", "{%", "%}", "{#", "|", ".", "(", "range(10**9)", "'a' * 999999999", "loop", "namespace(x=[])", "|tojson(indent=9999)", "x.y.z", "-%}", "{%- for i in ", "{% endfor %}", "caller()", "%s" , "\n", "\t",
        "{\"type\":\"Sequence\",\"normalizers\":[", "\"type\":\"Split\"", "\"Regex\":\"", "\"BPE\"", "\"Unigram\"", "\"WordPiece\"", "\"Precompiled\"", "\"ByteFallback\"", "\"content\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
    ];

    private readonly Random _random = new(seed);

    public string Mutate(string text)
    {
        var mutated = new StringBuilder(text);
        int count = 1 + _random.Next(4);
        for (int i = 0; i < count && mutated.Length > 0; i++)
        {
            // The vocabulary is most of a file and the least of its logic: half of the places are chosen near the ends.
            int at = _random.Next(2) == 0 ? _random.Next(mutated.Length) : _random.Next(2) == 0 ? _random.Next(Math.Min(1500, mutated.Length)) : mutated.Length - 1 - _random.Next(Math.Min(900, mutated.Length));
            int length = Math.Min(_random.Next(1, 30), mutated.Length - at);
            switch (_random.Next(7))
            {
                case 0:
                    mutated.Remove(at, length);
                    break;
                case 1:
                    mutated.Insert(at, s_fragments[_random.Next(s_fragments.Length)]);
                    break;
                case 2:
                    mutated.Insert(at, mutated.ToString(at, length));
                    break;
                case 3:
                    mutated[at] = (char)_random.Next(0x20, 0x7F);
                    break;
                case 4:
                    mutated.Remove(at, length).Insert(at, s_fragments[_random.Next(s_fragments.Length)]);
                    break;
                case 5:
                    ReplaceValue(mutated, at);
                    break;
                default:
                    if (_random.Next(8) == 0)
                    {
                        mutated.Length = at;
                    }
                    else
                    {
                        ReplaceWord(mutated, at);
                    }

                    break;
            }
        }

        return mutated.ToString();
    }

    // What stands between a colon and the next comma becomes another value: the JSON stays well-formed, its meaning does not.
    private void ReplaceValue(StringBuilder text, int at)
    {
        string whole = text.ToString();
        int colon = whole.IndexOf(':', at);
        int end = colon < 0 ? -1 : whole.IndexOfAny([',', '}', ']'], colon);
        if (end > 0)
        {
            text.Remove(colon + 1, end - colon - 1).Insert(colon + 1, s_fragments[_random.Next(10)]);
        }
    }

    private void ReplaceWord(StringBuilder text, int at)
    {
        string whole = text.ToString();
        string[] words = whole.Split(['"', ' ', '(', ')', '{', '}', '|'], 400, StringSplitOptions.RemoveEmptyEntries);
        int start = whole.IndexOfAny(['"', ' '], at);
        int end = start < 0 ? -1 : whole.IndexOfAny(['"', ' '], start + 1);
        if (end > 0 && words.Length > 0)
        {
            text.Remove(start + 1, end - start - 1).Insert(start + 1, words[_random.Next(words.Length)]);
        }
    }
}
