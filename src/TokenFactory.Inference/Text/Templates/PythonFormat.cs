using System.Globalization;
using System.Text;

namespace TokenFactory.Inference.Text.Templates;

/// <summary>Python's <c>%</c> formatting and <c>str.format</c>.</summary>
internal static class PythonFormat
{
    private const int DigitLimit = 100;

    /// <summary><c>format % values</c>.</summary>
    public static string Percent(RenderContext context, string format, object? values)
    {
        List<object?> arguments = values is PythonTuple tuple ? tuple.Items : [values];
        int next = 0;
        var output = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                output.Append(format[i]);
                continue;
            }

            i++;
            string? key = null;
            if (i < format.Length && format[i] == '(')
            {
                int close = format.IndexOf(')', i);
                key = close < 0 ? throw ChatTemplateException.Failed("incomplete format key") : format[(i + 1)..close];
                i = close + 1;
            }

            int start = i;
            while (i < format.Length && format[i] is '-' or '+' or ' ' or '0' or '#' or '.' or (>= '1' and <= '9'))
            {
                i++;
            }

            if (i >= format.Length)
            {
                throw ChatTemplateException.Failed("incomplete format");
            }

            if (format[i] == '%')
            {
                output.Append('%');
                continue;
            }

            object? value = key is not null
                ? values is PythonDictionary named && named.TryGet(key, out object? item) ? item : throw ChatTemplateException.Failed($"'{key}'")
                : next < arguments.Count ? arguments[next++] : throw ChatTemplateException.Failed("not enough arguments for format string");
            output.Append(Percented(context, format[start..i], format[i], value));
        }

        return context.Made(next < arguments.Count && values is PythonTuple
            ? throw ChatTemplateException.Failed("not all arguments converted during string formatting") : output.ToString());
    }

    /// <summary><c>text.format(…)</c>.</summary>
    public static string Format(RenderContext context, string format, Arguments arguments)
    {
        int next = 0;
        var output = new StringBuilder();
        for (int i = 0; i < format.Length; i++)
        {
            char c = format[i];
            if (c is '{' or '}' && i + 1 < format.Length && format[i + 1] == c)
            {
                output.Append(c);
                i++;
            }
            else if (c == '{')
            {
                int close = format.IndexOf('}', i);
                if (close < 0)
                {
                    throw ChatTemplateException.Failed("expected '}' before end of string");
                }

                output.Append(Field(context, format[(i + 1)..close], arguments, ref next));
                context.Reserve(1, 1);
                i = close;
            }
            else
            {
                output.Append(c == '}' ? throw ChatTemplateException.Failed("Single '}' encountered in format string") : c);
            }
        }

        return output.ToString();
    }

    /// <summary>A value by a format specification such as <c>&gt;8.2f</c>.</summary>
    public static string Specified(RenderContext context, object? value, string specification)
    {
        int at = 0;
        char fill = ' ';
        char align = '\0';
        if (specification.Length > 1 && specification[1] is '<' or '>' or '^' or '=')
        {
            (fill, align, at) = (specification[0], specification[1], 2);
        }
        else if (specification.Length > 0 && specification[0] is '<' or '>' or '^' or '=')
        {
            (align, at) = (specification[0], 1);
        }

        char sign = at < specification.Length && specification[at] is '+' or '-' or ' ' ? specification[at++] : '-';
        if (at < specification.Length && specification[at] == '0')
        {
            (fill, align) = align == '\0' ? ('0', '=') : (fill, align);
            at++;
        }

        int width = Digits(specification, ref at);
        bool grouped = at < specification.Length && specification[at] is ',' or '_';
        at += grouped ? 1 : 0;
        int precision = at < specification.Length && specification[at] == '.' ? Precision(specification, ref at) : -1;
        char type = at < specification.Length ? specification[at] : '\0';
        string body = Body(value, type, precision, grouped);
        if (body.Length > 0 && body[0] != '-' && sign is '+' or ' ' && value is long or double)
        {
            body = sign + body;
        }

        return Pad(context, body, width, fill, align == '\0' ? value is long or double ? '>' : '<' : align);
    }

    private static string Field(RenderContext context, string field, Arguments arguments, ref int next)
    {
        int colon = field.IndexOf(':', StringComparison.Ordinal);
        string specification = colon < 0 ? "" : field[(colon + 1)..];
        string path = colon < 0 ? field : field[..colon];
        int bang = path.IndexOf('!', StringComparison.Ordinal);
        string conversion = bang < 0 ? "" : path[(bang + 1)..];
        path = bang < 0 ? path : path[..bang];
        string[] names = path.Split('.');
        object? value = names[0].Length == 0 ? Positional(arguments, next++)
            : int.TryParse(names[0], NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? Positional(arguments, index)
            : arguments.Named.TryGetValue(names[0], out object? named) ? named : throw ChatTemplateException.Failed($"'{names[0]}'");
        foreach (string name in names.Skip(1))
        {
            value = Members.Attribute(value, name);
        }

        return Specified(context, conversion == "r" ? PythonText.Repr(value) : conversion == "s" ? PythonText.Str(value) : value, specification);
    }

    private static object? Positional(Arguments arguments, int index) => index < arguments.Positional.Count ? arguments.Positional[index]
        : throw ChatTemplateException.Failed("Replacement index out of range for positional args tuple");

    private static string Percented(RenderContext context, string flags, char type, object? value)
    {
        bool left = flags.Contains('-', StringComparison.Ordinal);
        bool zero = flags.Length > 0 && flags.TrimStart('-', '+', ' ', '#').StartsWith('0');
        bool plus = flags.Contains('+', StringComparison.Ordinal);
        int at = flags.Length - flags.TrimStart('-', '+', ' ', '#', '0').Length;
        int width = Digits(flags, ref at);
        int precision = at < flags.Length && flags[at] == '.' ? Precision(flags, ref at) : -1;
        string body = type switch
        {
            's' => Cut(PythonText.Str(value), precision),
            'r' => Cut(PythonText.Repr(value), precision),
            'd' or 'i' or 'u' => Body(value is double d ? (long)d : value, 'd', -1, grouped: false),
            'f' or 'F' or 'e' or 'E' or 'g' or 'G' or 'x' or 'X' or 'o' or 'c' => Body(value, type, precision, grouped: false),
            _ => throw ChatTemplateException.Failed($"unsupported format character '{type}'"),
        };
        if (plus && value is long or double && !body.StartsWith('-'))
        {
            body = "+" + body;
        }

        return Pad(context, body, width, zero && !left ? '0' : ' ', left ? '<' : zero ? '=' : '>');
    }

    private static string Body(object? value, char type, int precision, bool grouped)
    {
        if (value is bool flag && type != '\0' && type != 's')
        {
            value = flag ? 1L : 0L;
        }

        switch (value)
        {
            case long n when type is '\0' or 'd' or 'n':
                return n.ToString(grouped ? "N0" : "D", CultureInfo.InvariantCulture);
            case long n when type is 'x' or 'X' or 'o' or 'b':
                string digits = type switch { 'x' => n.ToString("x", CultureInfo.InvariantCulture), 'X' => n.ToString("X", CultureInfo.InvariantCulture), 'o' => Convert.ToString(n, 8), _ => Convert.ToString(n, 2) };
                return digits;
            case long n when type == 'c':
                return n is >= 0 and <= 0x10FFFF and not (>= 0xD800 and <= 0xDFFF) ? char.ConvertFromUtf32((int)n) : throw ChatTemplateException.Failed("%c arg not in range(0x110000)");
            case long or double when type is 'f' or 'F' or 'e' or 'E' or 'g' or 'G' or '%':
                return Float(Convert.ToDouble(value, CultureInfo.InvariantCulture), type, precision < 0 ? 6 : precision, grouped);
            case double d when type is '\0' or 'n':
                return precision < 0 ? PythonText.Float(d) : Float(d, 'g', precision, grouped);
            case string s when type is '\0' or 's' or 'c':
                return Cut(s, precision);
            case Undefined undefined:
                throw undefined.Failure();
            default:
                return type is '\0' or 's' ? Cut(PythonText.Str(value), precision)
                    : throw ChatTemplateException.Failed($"Unknown format code '{type}' for object of type '{PythonText.TypeName(value)}'");
        }
    }

    private static string Float(double value, char type, int precision, bool grouped)
    {
        string digits = precision.ToString(CultureInfo.InvariantCulture);
        switch (type)
        {
            case '%':
                return (value * 100).ToString("F" + digits, CultureInfo.InvariantCulture) + "%";
            case 'e' or 'E':
                string mantissa = precision == 0 ? "0" : "0." + new string('0', precision);
                return value.ToString(mantissa + (type == 'e' ? "e+00" : "E+00"), CultureInfo.InvariantCulture);
            case 'g' or 'G':
                int exponent = value == 0 ? 0 : (int)Math.Floor(Math.Log10(Math.Abs(value)));
                precision = Math.Max(1, precision);
                if (exponent < -4 || exponent >= precision)
                {
                    string text = Float(value, 'e', precision - 1, grouped: false);
                    int e = text.IndexOf('e', StringComparison.Ordinal);
                    return (text[..e].Contains('.', StringComparison.Ordinal) ? text[..e].TrimEnd('0').TrimEnd('.') : text[..e]) + text[e..];
                }

                string plain = value.ToString("F" + Math.Max(0, precision - 1 - exponent).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
                return plain.Contains('.', StringComparison.Ordinal) ? plain.TrimEnd('0').TrimEnd('.') : plain;
            default:
                return value.ToString((grouped ? "N" : "F") + digits, CultureInfo.InvariantCulture);
        }
    }

    private static int Digits(string text, ref int at)
    {
        int value = 0;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            value = Math.Min(1_000_000_000, (value * 10) + text[at++] - '0');
            value = value > 100_000_000 ? throw ChatTemplateException.Limit("a field is too wide") : value;
        }

        return value;
    }

    private static int Precision(string text, ref int at)
    {
        at++;
        int digits = Digits(text, ref at);
        return digits <= DigitLimit ? digits : throw ChatTemplateException.Limit("a number has too many digits");
    }

    private static string Cut(string text, int precision) => precision >= 0 && precision < text.Length ? text[..precision] : text;

    private static string Pad(RenderContext context, string text, int width, char fill, char align)
    {
        int missing = Math.Max(0, width - PythonText.Length(text));
        context.Reserve(1, missing + text.Length);
        int signs = align == '=' && text.Length > 0 && text[0] is '-' or '+' or ' ' ? 1 : 0;
        return align switch
        {
            '<' => text + new string(fill, missing),
            '^' => new string(fill, missing / 2) + text + new string(fill, missing - (missing / 2)),
            '=' => text[..signs] + new string(fill, missing) + text[signs..],
            _ => new string(fill, missing) + text,
        };
    }
}
