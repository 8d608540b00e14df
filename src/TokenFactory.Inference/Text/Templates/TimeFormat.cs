using System.Globalization;
using System.Text;

namespace TokenFactory.Inference.Text.Templates;

/// <summary><c>strftime</c> in the C locale.</summary>
internal static class TimeFormat
{
    public static string Format(RenderContext context, object? format)
    {
        string pattern = format as string ?? throw ChatTemplateException.Failed($"strftime() argument 1 must be str, not {PythonText.TypeName(format)}");
        DateTimeOffset now = context.Clock.GetLocalNow();
        var output = new StringBuilder();
        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '%' || i + 1 == pattern.Length)
            {
                output.Append(pattern[i]);
                continue;
            }

            char c = pattern[++i];
            bool bare = c == '-' && i + 1 < pattern.Length;
            string part = Part(now, bare ? pattern[++i] : c);
            output.Append(bare && part.TrimStart('0') is { Length: > 0 } trimmed ? trimmed : bare ? "0" : part);
        }

        return context.Made(output.ToString());
    }

    private static string Part(DateTimeOffset now, char specifier)
    {
        string Own(string format) => now.ToString(format, CultureInfo.InvariantCulture);
        return specifier switch
        {
            'Y' => Own("yyyy"),
            'y' => Own("yy"),
            'm' => Own("MM"),
            'd' => Own("dd"),
            'e' => now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
            'B' => Own("MMMM"),
            'b' or 'h' => Own("MMM"),
            'A' => Own("dddd"),
            'a' => Own("ddd"),
            'H' => Own("HH"),
            'I' => Own("hh"),
            'M' => Own("mm"),
            'S' => Own("ss"),
            'f' => Own("ffffff"),
            'p' => Own("tt"),
            'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            'u' => (now.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)now.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'w' => ((int)now.DayOfWeek).ToString(CultureInfo.InvariantCulture),
            'F' => Own("yyyy-MM-dd"),
            'T' or 'X' => Own("HH:mm:ss"),
            'R' => Own("HH:mm"),
            'D' or 'x' => Own("MM/dd/yy"),
            'c' => Own("ddd MMM ") + now.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2) + Own(" HH:mm:ss yyyy"),
            'z' or 'Z' => "",
            's' => now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => "%" + specifier,
        };
    }
}
