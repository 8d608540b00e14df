using System.Globalization;

namespace TokenFactory.Hardware.Probing;

/// <summary>Reads the small text files by which Linux tells of hardware, under a root that tests replace.</summary>
internal sealed class FileTree(string root)
{
    private const int LongestText = 1 << 20;

    public string Root { get; } = root.Length == 0 ? "/" : root;

    public string Full(string path) => Path.Combine(Root, path.TrimStart('/'));

    public bool Exists(string path) => File.Exists(Full(path)) || Directory.Exists(Full(path));

    public Reading<string> Text(string path)
    {
        try
        {
            using var stream = new FileStream(Full(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
            using var reader = new StreamReader(stream);
            char[] buffer = new char[4096];
            var text = new System.Text.StringBuilder();
            int count;
            while (text.Length < LongestText && (count = reader.Read(buffer)) > 0)
            {
                text.Append(buffer, 0, count);
            }

            return Reading<string>.Of(text.ToString().Trim('\0', '\n', '\r', ' ', '\t'));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Reading<string>.None($"{path} does not exist");
        }
        catch (UnauthorizedAccessException)
        {
            return Reading<string>.None($"permission denied on {path}");
        }
        catch (IOException e)
        {
            return Reading<string>.None($"{path} can't be read: {e.Message}");
        }
    }

    public Reading<byte[]> Bytes(string path)
    {
        try
        {
            return Reading<byte[]>.Of(File.ReadAllBytes(Full(path)));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Reading<byte[]>.None($"{path} does not exist");
        }
        catch (UnauthorizedAccessException)
        {
            return Reading<byte[]>.None($"permission denied on {path}");
        }
        catch (IOException e)
        {
            return Reading<byte[]>.None($"{path} can't be read: {e.Message}");
        }
    }

    public Reading<long> Integer(string path) => Text(path).Then(text =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            ? Reading<long>.Of(value)
            : Reading<long>.None($"{path} holds '{Shorten(text)}', which is no number"));

    public Reading<double> Scaled(string path, double factor) => Integer(path).Select(v => v * factor);

    public Reading<ulong> Unsigned(string path) => Text(path).Then(text =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? Reading<ulong>.Of(value)
            : Reading<ulong>.None($"{path} holds '{Shorten(text)}', which is no number"));

    /// <summary>Names in a folder in ordinal order with numbers by value; empty when it does not exist or can't be listed.</summary>
    public IReadOnlyList<string> Entries(string path, string prefix = "")
    {
        try
        {
            return
            [
                .. new DirectoryInfo(Full(path)).EnumerateFileSystemInfos(prefix + "*").Select(i => i.Name)
                    .OrderBy(n => n.Length).ThenBy(n => n, StringComparer.Ordinal)
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Last name of what a link points to, such as the driver of a device; null when it is no link.</summary>
    public string? LinkName(string path)
    {
        try
        {
            string? target = new FileInfo(Full(path)).LinkTarget;
            return target is null ? null : Path.GetFileName(target.TrimEnd('/'));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Numbers in a list as the kernel writes it, <c>0-3,8,10-11</c>.</summary>
    public static Reading<IReadOnlyList<int>> ParseList(string text)
    {
        var numbers = new List<int>();
        foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int dash = part.IndexOf('-', StringComparison.Ordinal);
            string first = dash < 0 ? part : part[..dash];
            string last = dash < 0 ? part : part[(dash + 1)..];
            if (!int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out int low)
                || !int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out int high)
                || high < low || high - low > 65536)
            {
                return Reading<IReadOnlyList<int>>.None($"'{Shorten(text)}' is no list of numbers");
            }

            for (int i = low; i <= high; i++)
            {
                numbers.Add(i);
            }
        }

        return Reading<IReadOnlyList<int>>.Of(numbers);
    }

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
