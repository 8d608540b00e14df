using CsCheck;

namespace TokenFactory.Core.Tests.Definitions;

/// <summary>Definitions with a few things changed: some stay right, most do not.</summary>
internal static class Mutation
{
    private static readonly string[] s_values =
    [
        "1 GW", "2.5 MW", "3 kWh", "0 W", "-1 W", "1e3 W", "1", "1.5", "0", "-3", "75 %", "100 %", "101 %", "150 %", "0.5", "0 %", "0x10", "1e400", ".5", "5.",
        "12 MUSD/year", "12 EUR/year", "3 USD/h", "0.07 USD/kWh", "45 USD/Mtok", "1 kUSD", "2 kUSD to 3 kUSD", "80 kUSD ± 10 %", "80 kUSD +- 10 kUSD", "70 kUSD ±",
        "1 GW to 2 GW", "1 GW ± 10 %", "8 Ttok/day", "100 tok/s/user", "1850 tok/s/accelerator", "1850 tok/s", "128k", "128Ki", "4096 tokens", "20 ms", "2 s", "5 years", "3 months",
        "18 months", "N-1", "n", "N+1", "2027-01-01", "2027-13-01", "2027-1-1", "12 %/month", "-30 %/year", "10000 x/2 years", "1.5 x", "true", "false", "null", "~", "", "\"\"",
        "'1 GW'", "\"75 %\"", "nvfp4", "FP8", "fp9", "USD", "usd", "chat", "H200", "deepseek-v3", "big", "rubin", "premium", "word", "two words", "' padded '", "[]", "{}", "[ 1 ]", "[ a, b ]",
        "{ low: 1 GW, high: 2 GW }", "{ low: 1 GW, mode: 1.5 GW, high: 2 GW }", "{ low: 1 GW }", "{ name: x }", "{ input: 1k, output: 2k }", "[ 12 %/month, 3 x/year ]",
        "{ output: 5 tok/s/accelerator }", "[ { output: 5 tok/s/accelerator } ]", "200k", "72", "1.0", "99999999999999", "3 x", "1 TB/s", "192 GB", "80 GiB", "1 PFLOPS", "größe", "a: b",
    ];

    private static readonly string[] s_keys =
    [
        "power", "pwoer", "price", "name", "factory", "tiers", "site", "unit", "input", "output", "demand", "growth", "extra", "Power", "low", "high", "sources", "assumed", "source",
    ];

    /// <summary>One to three changes of the full definition: a value, a key, a line left out or doubled.</summary>
    public static Gen<string> Text { get; } =
        from changes in Gen.Select(Gen.Int[0, 9], Gen.Int[0, 1_000_000], Gen.OneOf(s_values), Gen.OneOf(s_keys)).Array[1, 3]
        select Apply(changes);

    private static string Apply((int Kind, int Where, string Value, string Key)[] changes)
    {
        List<string> lines = [.. FullDefinition.Yaml.Split('\n')];
        foreach ((int kind, int where, string value, string key) in changes)
        {
            int at = where % lines.Count;
            string line = lines[at];
            int colon = line.LastIndexOf(": ", StringComparison.Ordinal);
            int[] colons = [.. Enumerable.Range(0, line.Length - 1).Where(i => line[i] == ':' && line[i + 1] == ' ')];
            int chosen = colons.Length == 0 ? colon : colons[where / lines.Count % colons.Length];
            switch (kind)
            {
                case 0:
                    lines.RemoveAt(at);
                    break;
                case 1:
                    lines.Insert(at, line);
                    break;
                case 2 when chosen > 0:
                    int start = chosen;
                    while (start > 0 && char.IsLetter(line[start - 1]))
                    {
                        start--;
                    }

                    lines[at] = line[..start] + key + line[chosen..];
                    break;
                default:
                    if (chosen > 0)
                    {
                        int end = line.IndexOfAny([',', '}', ']'], chosen);
                        lines[at] = line[..(chosen + 2)] + value + (end < 0 ? "" : line[end..]);
                    }

                    break;
            }

            if (lines.Count == 0)
            {
                break;
            }
        }

        return string.Join('\n', lines);
    }
}
