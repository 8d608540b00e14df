using System.Globalization;

namespace TokenFactory.Inference.Text.Characters;

/// <summary>
/// Decompositions, combining classes, compositions, lowercase and case folding, from a data file that travels with the assembly:
/// the platform's own differ between ICU versions and are missing in invariant mode.
/// </summary>
internal sealed class UnicodeTables
{
    private static readonly Lazy<UnicodeTables> s_instance = new(() => new UnicodeTables());

    private readonly Dictionary<int, int[]> _canonical = [];
    private readonly Dictionary<int, int[]> _compatibility = [];
    private readonly Dictionary<int, byte> _classes = [];
    private readonly Dictionary<long, int> _compositions = [];
    private readonly Dictionary<int, int[]> _lower = [];
    private readonly Dictionary<int, int[]> _foldGroups = [];
    private readonly Dictionary<string, List<int>> _sets = [];

    private UnicodeTables()
    {
        using Stream stream = typeof(UnicodeTables).Assembly.GetManifestResourceStream("TokenFactory.Inference.Text.unicode.txt")!;
        using var reader = new StreamReader(stream, System.Text.Encoding.ASCII);
        var folds = new Dictionary<int, List<int>>();
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
            {
                continue;
            }

            string[] fields = line.Split(' ');
            int key = Hex(fields[1]);
            switch (fields[0])
            {
                case "D":
                    _canonical[key] = [.. fields.Skip(2).Select(Hex)];
                    break;
                case "K":
                    _compatibility[key] = [.. fields.Skip(2).Select(Hex)];
                    break;
                case "C":
                    for (int c = key; c <= Hex(fields[2]); c++)
                    {
                        _classes[c] = byte.Parse(fields[3], CultureInfo.InvariantCulture);
                    }

                    break;
                case "P":
                    _compositions[Pair(Hex(fields[2]), Hex(fields[3]))] = key;
                    break;
                case "L":
                    _lower[key] = [.. fields.Skip(2).Select(Hex)];
                    break;
                case "S":
                    (_sets.TryGetValue(fields[3], out List<int>? pairs) ? pairs : _sets[fields[3]] = []).AddRange([key, Hex(fields[2])]);
                    break;
                default:
                    int folded = Hex(fields[2]);
                    if (!folds.TryGetValue(folded, out List<int>? group))
                    {
                        folds[folded] = group = [folded];
                    }

                    group.Add(key);
                    break;
            }
        }

        foreach (List<int> group in folds.Values)
        {
            int[] all = [.. group];
            foreach (int c in all)
            {
                _foldGroups[c] = all;
            }
        }
    }

    public static UnicodeTables Instance => s_instance.Value;

    /// <summary>The canonical combining class.</summary>
    public int CombiningClass(int codePoint) => codePoint < 0x300 ? 0 : _classes.GetValueOrDefault(codePoint);

    /// <summary>All code points that are equal without regard to case, the one given included.</summary>
    public ReadOnlySpan<int> CaseVariants(int codePoint) => _foldGroups.TryGetValue(codePoint, out int[]? all) ? all : [];

    /// <summary>The lowercase, one or two code points; empty when the character is its own.</summary>
    public ReadOnlySpan<int> Lower(int codePoint) => _lower.TryGetValue(codePoint, out int[]? lower) ? lower : [];

    /// <summary>A set as the reference library knows it: <c>punctuation</c>, <c>mark</c>, <c>nonspacing</c> or <c>other</c>.</summary>
    public CodePointSet Set(string name) => CodePointSet.FromPairs([.. _sets[name]]);

    public void Decompose(int codePoint, bool compatibility, List<int> output)
    {
        const int SyllableBase = 0xAC00;
        if (codePoint < 0xA0)
        {
            output.Add(codePoint);
        }
        else if (codePoint is >= SyllableBase and < SyllableBase + 11172)
        {
            int s = codePoint - SyllableBase;
            output.Add(0x1100 + (s / 588));
            output.Add(0x1161 + (s % 588 / 28));
            if (s % 28 != 0)
            {
                output.Add(0x11A7 + (s % 28));
            }
        }
        else if ((compatibility && _compatibility.TryGetValue(codePoint, out int[]? parts)) || _canonical.TryGetValue(codePoint, out parts))
        {
            output.AddRange(parts);
        }
        else
        {
            output.Add(codePoint);
        }
    }

    /// <summary>The composite of two code points; -1 when there is none.</summary>
    public int Compose(int first, int second)
    {
        if (first is >= 0x1100 and < 0x1113 && second is >= 0x1161 and < 0x1176)
        {
            return 0xAC00 + ((((first - 0x1100) * 21) + second - 0x1161) * 28);
        }

        if (first is >= 0xAC00 and < 0xD7A4 && (first - 0xAC00) % 28 == 0 && second is > 0x11A7 and < 0x11C3)
        {
            return first + second - 0x11A7;
        }

        return _compositions.GetValueOrDefault(Pair(first, second), -1);
    }

    private static long Pair(int first, int second) => ((long)first << 32) | (uint)second;

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
