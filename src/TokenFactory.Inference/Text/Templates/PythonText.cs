using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace TokenFactory.Inference.Text.Templates;

/// <summary>Texts as Python sees them: <c>str</c>, <c>repr</c>, whitespace, and positions that count code points.</summary>
internal static class PythonText
{
    public const int DepthLimit = 500;

    private const int ReprLimit = 8_000_000;

    /// <summary>What <c>str.strip()</c> strips.</summary>
    public static char[] Whitespace { get; } = [.. Enumerable.Range(0, 0x3001).Select(c => (char)c).Where(IsSpace)];

    public static bool IsSpace(char c) => c switch
    {
        <= ' ' => c is ' ' or (>= '\t' and <= '\r') or (>= '\x1C' and <= '\x1F'),
        _ => c is '\x85' or '\xA0' or '\u1680' or (>= '\u2000' and <= '\u200A') or '\u2028' or '\u2029' or '\u202F' or '\u205F' or '\u3000',
    };

    /// <summary>The length in code points.</summary>
    public static int Length(string text)
    {
        int length = text.Length;
        foreach (char c in text)
        {
            length -= char.IsLowSurrogate(c) ? 1 : 0;
        }

        return length;
    }

    /// <summary>The text's characters, each a code point.</summary>
    public static List<string> Characters(string text)
    {
        var characters = new List<string>(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            int width = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]) ? 2 : 1;
            characters.Add(text.Substring(i, width));
            i += width - 1;
        }

        return characters;
    }

    public static string Str(object? value) => value switch
    {
        string s => s,
        Undefined => "",
        _ => Repr(value),
    };

    public static string Repr(object? value)
    {
        var output = new StringBuilder();
        Repr(value, output, 0);
        return output.ToString();
    }

    /// <summary>A float's shortest text that reads back the same.</summary>
    public static string Float(double value)
    {
        if (double.IsNaN(value))
        {
            return "nan";
        }

        if (double.IsInfinity(value))
        {
            return value > 0 ? "inf" : "-inf";
        }

        string shortest = value.ToString("E16", CultureInfo.InvariantCulture);
        for (int precision = 0; precision < 17; precision++)
        {
            string candidate = value.ToString("E" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if (double.Parse(candidate, CultureInfo.InvariantCulture).Equals(value))
            {
                shortest = candidate;
                break;
            }
        }

        int e = shortest.IndexOf('E', StringComparison.Ordinal);
        int exponent = int.Parse(shortest.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string sign = shortest[0] == '-' ? "-" : "";
        string digits = shortest[sign.Length..e].Replace(".", "", StringComparison.Ordinal).TrimEnd('0');
        digits = digits.Length == 0 ? "0" : digits;
        if (exponent is < -4 or >= 16)
        {
            string mantissa = digits.Length == 1 ? digits : digits[..1] + "." + digits[1..];
            return $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)}";
        }

        if (exponent < 0)
        {
            return sign + "0." + new string('0', -exponent - 1) + digits;
        }

        digits = digits.PadRight(exponent + 1, '0');
        return sign + digits[..(exponent + 1)] + "." + (digits.Length > exponent + 1 ? digits[(exponent + 1)..] : "0");
    }

    public static string TypeName(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        long => "int",
        double => "float",
        string => "str",
        PythonTuple => "tuple",
        PythonList => "list",
        PythonDictionary => "dict",
        Undefined => "Undefined",
        Namespace => "Namespace",
        LoopState => "LoopContext",
        Callable => "function",
        _ => value.GetType().Name,
    };

    /// <summary>How error messages call a value.</summary>
    public static string ObjectName(object? value) => value switch
    {
        null => "None",
        Namespace => "jinja2.utils.Namespace object",
        LoopState => "jinja2.runtime.LoopContext object",
        _ => TypeName(value) + " object",
    };

    private static void Repr(object? value, StringBuilder output, int depth)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (output.Length > ReprLimit || depth > DepthLimit)
        {
            throw ChatTemplateException.Limit("a value is too long or too deep to be written");
        }

        switch (value)
        {
            case null:
                output.Append("None");
                break;
            case bool b:
                output.Append(b ? "True" : "False");
                break;
            case long n:
                output.Append(n.ToString(CultureInfo.InvariantCulture));
                break;
            case double d:
                output.Append(Float(d));
                break;
            case string s:
                Quote(s, output);
                break;
            case PythonList list:
                bool tuple = list is PythonTuple;
                output.Append(tuple ? '(' : '[');
                for (int i = 0; i < list.Items.Count; i++)
                {
                    output.Append(i > 0 ? ", " : "");
                    Repr(list.Items[i], output, depth + 1);
                }

                output.Append(tuple && list.Items.Count == 1 ? "," : "").Append(tuple ? ')' : ']');
                break;
            case PythonDictionary dictionary:
                output.Append('{');
                bool first = true;
                foreach ((object? key, object? item) in dictionary.Pairs)
                {
                    output.Append(first ? "" : ", ");
                    first = false;
                    Repr(key, output, depth + 1);
                    output.Append(": ");
                    Repr(item, output, depth + 1);
                }

                output.Append('}');
                break;
            case Undefined:
                output.Append("Undefined");
                break;
            case Callable callable:
                output.Append("<function ").Append(callable.Name).Append('>');
                break;
            default:
                output.Append('<').Append(TypeName(value)).Append('>');
                break;
        }
    }

    private static void Quote(string text, StringBuilder output)
    {
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        output.Append(quote);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c == quote || c == '\\')
            {
                output.Append('\\').Append(c);
            }
            else if (c is '\n' or '\r' or '\t')
            {
                output.Append(c switch { '\n' => "\\n", '\r' => "\\r", _ => "\\t" });
            }
            else if (c is < ' ' or (>= '\x7F' and <= '\xA0') or '\xAD')
            {
                output.Append("\\x").Append(((int)c).ToString("x2", CultureInfo.InvariantCulture));
            }
            else if (c > '\xFF' && !IsPrintable(text, i))
            {
                output.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
            }
            else
            {
                output.Append(c);
            }
        }

        output.Append(quote);
    }

    private static bool IsPrintable(string text, int at) => CharUnicodeInfo.GetUnicodeCategory(text[at]) switch
    {
        UnicodeCategory.Surrogate => true,
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator => false,
        _ => true,
    };
}
