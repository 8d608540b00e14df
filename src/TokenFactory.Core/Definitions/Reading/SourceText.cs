using System.Text;

namespace TokenFactory.Core.Definitions.Reading;

/// <summary>A text that nodes come from: a file, an overlay, or the value of a setting.</summary>
internal sealed class SourceText
{
    /// <summary>A definition of the largest site is a few tens of kilobytes; what is beyond this is none.</summary>
    public const int MaxBytes = 1 << 20;

    private const int PointerWidth = 100;
    private readonly string _shown;
    private string[]? _lines;

    public SourceText(string name, string text, string? shown = null)
    {
        Name = name;
        Text = text;
        _shown = shown ?? text;
    }

    /// <summary>How errors name it.</summary>
    public string Name { get; }

    public string Text { get; }

    /// <summary>Decodes a file; a mistake in the encoding is a problem with its place.</summary>
    public static SourceText? Decode(string name, ReadOnlySpan<byte> bytes, ICollection<DefinitionProblem> problems)
    {
        void Refuse(int line, int column, string message) =>
            problems.Add(new DefinitionProblem(name, line, column, "", message, "", DefinitionProblemKind.Syntax));

        if (bytes.StartsWith<byte>([0xFF, 0xFE]) || bytes.StartsWith<byte>([0xFE, 0xFF]))
        {
            Refuse(1, 1, "is saved as UTF-16 or UTF-32; save it as UTF-8");
            return null;
        }

        if (bytes.StartsWith<byte>([0xEF, 0xBB, 0xBF]))
        {
            bytes = bytes[3..];
        }

        var strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
        try
        {
            return new SourceText(name, strict.GetString(bytes));
        }
        catch (DecoderFallbackException)
        {
            // UTF-16 without a mark is full of NULs, and those say more than its first byte that is no UTF-8.
            int nul = bytes.IndexOf((byte)0);
            int at = FirstInvalid(bytes);
            at = nul >= 0 && nul < at ? nul : at;
            ReadOnlySpan<byte> before = bytes[..at];
            int line = before.Count((byte)'\n') + 1;
            int column = Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1;
            Refuse(line, column, $"byte 0x{bytes[at]:X2} is no UTF-8; save the file as UTF-8");
            return null;
        }
    }

    /// <summary>The line with a mark under the columns; empty when there is no such line.</summary>
    public string Pointer(int line, int column, int length)
    {
        _lines ??= _shown.Split('\n');
        if (line < 1 || line > _lines.Length)
        {
            return "";
        }

        string text = _lines[line - 1].TrimEnd('\r').Replace('\t', ' ');
        int start = Math.Clamp(column - 1, 0, text.Length);
        int cut = Math.Max(0, start - (PointerWidth * 3 / 4));
        string shown = text[cut..Math.Min(text.Length, cut + PointerWidth)];
        start -= cut;
        int marks = Math.Clamp(length, 1, Math.Max(1, shown.Length - start));
        string number = line.ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(5);
        return $"{number} | {shown}{Environment.NewLine}      | {new string(' ', start)}{new string('^', marks)}";
    }

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length && Rune.DecodeFromUtf8(bytes[at..], out _, out int used) == System.Buffers.OperationStatus.Done)
        {
            at += used;
        }

        return Math.Min(at, bytes.Length - 1);
    }
}
