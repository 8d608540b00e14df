namespace TokenFactory.Core.Definitions.Reading;

/// <summary>Finds the name that a misspelt one was meant to be.</summary>
internal static class Nearest
{
    // Nobody has so many; a hostile text would have a quadratic search.
    private const int MaxCandidates = 200;

    /// <summary>Mistakes beyond this many get no hint: each costs a search.</summary>
    public const int MaxHints = 25;

    /// <summary>A clause that offers the nearest name, or lists them when none is near; empty when there are none.</summary>
    public static string Hint(string word, IEnumerable<string> names)
    {
        string[] all = [.. names];
        if (Find(word, all) is { } near)
        {
            return $"; did you mean '{near}'?";
        }

        return all.Length switch
        {
            0 => "",
            <= 12 => $"; there are {string.Join(", ", all)}",
            _ => $"; there are {string.Join(", ", all.Take(8))} and {all.Length - 8} more",
        };
    }

    /// <summary>The nearest name within a third of the word's length in edits; null when none is.</summary>
    public static string? Find(string word, IEnumerable<string> names)
    {
        if (word.Length is 0 or > 64)
        {
            return null;
        }

        string lower = word.ToLowerInvariant();
        int limit = Math.Max(1, (word.Length + 1) / 3);
        (string? name, int distance) = (null, int.MaxValue);
        foreach (string candidate in names.Take(MaxCandidates))
        {
            // More letters to add or remove than there is room for: no need to count.
            if (Math.Abs(candidate.Length - word.Length) > limit || candidate.Length > 64)
            {
                continue;
            }

            int edits = Distance(lower, candidate.ToLowerInvariant());
            if (edits < distance)
            {
                (name, distance) = (candidate, edits);
            }
        }

        return distance <= limit ? name : null;
    }

    // Edits with neighbours swapped counted once (optimal string alignment), over three rows.
    private static int Distance(string a, string b)
    {
        int[] before = new int[b.Length + 1];
        int[] above = [.. Enumerable.Range(0, b.Length + 1)];
        int[] row = new int[b.Length + 1];
        for (int i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = a[i - 1] == b[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(above[j] + 1, row[j - 1] + 1), above[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
                }
            }

            (before, above, row) = (above, row, before);
        }

        return above[b.Length];
    }
}
