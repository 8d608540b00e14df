using System.Globalization;
using System.Text.Json;
using TokenFactory.Core;

namespace TokenFactory.Measurement.Load;

/// <summary>Reads recorded request traces.</summary>
/// <remarks>
/// Two published forms, told apart by their content: CSV with the columns <c>TIMESTAMP, ContextTokens, GeneratedTokens</c> (Azure's public traces of
/// 2023 and 2024), and JSON lines with <c>timestamp</c> in milliseconds, <c>input_length</c>, <c>output_length</c> and optional
/// <c>hash_ids</c> (Mooncake's, a hash a block of 512 tokens).
/// </remarks>
public static class TraceReader
{
    /// <summary>Reads a trace.</summary>
    /// <param name="path">Full path.</param>
    /// <param name="most">Most requests to read; null for all.</param>
    /// <returns>The requests in order of time.</returns>
    /// <exception cref="TokenFactoryException"><c>TraceNotFound</c>; <c>TraceInvalid</c> with the line.</exception>
    public static IReadOnlyList<TraceEntry> Read(string path, int? most = null)
    {
        if (!File.Exists(path))
        {
            throw new TokenFactoryException("TraceNotFound", FailureKind.NotFound,
                $"'{path}' does not exist. Give a trace: CSV with TIMESTAMP, ContextTokens, GeneratedTokens, or JSON lines with timestamp, input_length, output_length.", path);
        }

        List<TraceEntry> entries = [];
        Func<string, TraceEntry>? parse = null;
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            if (entries.Count == most)
            {
                break;
            }

            try
            {
                if (parse is null)
                {
                    parse = line.TrimStart().StartsWith('{') ? Mooncake : Azure(line);
                    if (parse != Mooncake)
                    {
                        continue;
                    }
                }

                entries.Add(parse(line));
            }
            catch (Exception e) when (e is FormatException or JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException or OverflowException)
            {
                throw new TokenFactoryException("TraceInvalid", FailureKind.InvalidInput,
                    FormattableString.Invariant($"'{path}', line {number}: {e.Message} Correct or remove the line."), path, e);
            }
        }

        if (entries.Count == 0)
        {
            throw new TokenFactoryException("TraceInvalid", FailureKind.InvalidInput, $"'{path}' has no requests.", path);
        }

        entries.Sort((a, b) => a.Seconds.CompareTo(b.Seconds));
        double first = entries[0].Seconds;
        return [.. entries.Select(e => e with { Seconds = e.Seconds - first })];
    }

    private static Func<string, TraceEntry> Azure(string header)
    {
        string[] names = header.Split(',', StringSplitOptions.TrimEntries);
        int time = Column("TIMESTAMP");
        int input = Column("ContextTokens");
        int output = Column("GeneratedTokens");
        DateTime? origin = null;
        return line =>
        {
            string[] values = line.Split(',');
            DateTime at = DateTime.Parse(values[time], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
            origin ??= at;
            return new TraceEntry((at - origin.Value).TotalSeconds, Tokens(values[input]), Tokens(values[output]), []);
        };

        int Column(string name)
        {
            int at = Array.FindIndex(names, n => n.Equals(name, StringComparison.OrdinalIgnoreCase));
            return at >= 0 ? at : throw new FormatException($"There is no column {name}.");
        }
    }

    private static TraceEntry Mooncake(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement;
        int[] blocks = root.TryGetProperty("hash_ids", out JsonElement ids) ? [.. ids.EnumerateArray().Select(i => i.GetInt32())] : [];
        return new TraceEntry(root.GetProperty("timestamp").GetDouble() / 1000,
            NotNegative(root.GetProperty("input_length").GetInt32()), NotNegative(root.GetProperty("output_length").GetInt32()), blocks);
    }

    private static int Tokens(string text) => NotNegative(int.Parse(text, NumberStyles.Integer, CultureInfo.InvariantCulture));

    private static int NotNegative(int tokens) => tokens >= 0 ? tokens : throw new FormatException("A number of tokens is negative.");
}
