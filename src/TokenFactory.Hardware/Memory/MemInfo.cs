using System.Globalization;

namespace TokenFactory.Hardware.Memory;

/// <summary>Reads /proc/meminfo and its like.</summary>
internal static class MemInfo
{
    /// <summary>A field in bytes; null when it is missing or garbled.</summary>
    public static long? Field(string text, string name)
    {
        foreach (string line in text.Split('\n'))
        {
            int at = line.IndexOf(name + ":", StringComparison.Ordinal);
            if (at < 0 || (at > 0 && line[at - 1] != ' '))
            {
                continue;
            }

            string[] parts = line[(at + name.Length + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length > 0 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long value))
            {
                return parts.Length > 1 && parts[1] == "kB" ? value * 1024 : value;
            }
        }

        return null;
    }
}
