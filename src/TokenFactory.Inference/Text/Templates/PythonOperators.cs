using System.Runtime.CompilerServices;

namespace TokenFactory.Inference.Text.Templates;

/// <summary>Python's operators on the language's values.</summary>
internal static class PythonOperators
{
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool b => b,
        long n => n != 0,
        double d => d != 0,
        string s => s.Length > 0,
        PythonList list => list.Items.Count > 0,
        PythonDictionary dictionary => dictionary.Count > 0,
        _ => true,
    };

    public static bool AreEqual(object? left, object? right)
    {
        int budget = 1_000_000;
        return AreEqual(left, right, ref budget);
    }

    public static int Compare(object? left, object? right, string op)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Refuse(left);
        Refuse(right);
        if (TryNumber(left, out double a) && TryNumber(right, out double b))
        {
            return left is double || right is double ? a.CompareTo(b) : Integer(left).CompareTo(Integer(right));
        }

        if (left is string s && right is string t)
        {
            return string.CompareOrdinal(s, t);
        }

        if (left is PythonList x && right is PythonList y && left is PythonTuple == right is PythonTuple)
        {
            for (int i = 0; i < Math.Min(x.Items.Count, y.Items.Count); i++)
            {
                if (!AreEqual(x.Items[i], y.Items[i]))
                {
                    return Compare(x.Items[i], y.Items[i], op);
                }
            }

            return x.Items.Count.CompareTo(y.Items.Count);
        }

        throw ChatTemplateException.Failed($"'{op}' not supported between instances of '{PythonText.TypeName(left)}' and '{PythonText.TypeName(right)}'");
    }

    public static bool Contains(object? container, object? item)
    {
        switch (container)
        {
            case string text:
                return item is string part ? text.Contains(part, StringComparison.Ordinal)
                    : throw ChatTemplateException.Failed($"'in <string>' requires string as left operand, not {PythonText.TypeName(item)}");
            case PythonDictionary dictionary:
                return dictionary.TryGet(item, out _);
            case PythonList list:
                return list.Items.Any(i => AreEqual(i, item));
            case Undefined:
                return false;
            default:
                throw ChatTemplateException.Failed($"argument of type '{PythonText.TypeName(container)}' is not iterable");
        }
    }

    public static object? Binary(RenderContext context, string op, object? left, object? right)
    {
        context.Charge(left);
        context.Charge(right);
        Refuse(left);
        Refuse(right);
        switch (op)
        {
            case "+" when left is string a && right is string b:
                return context.Made(a + b);
            case "+" when left is PythonList x && right is PythonList y && left is PythonTuple == right is PythonTuple:
                List<object?> joined = [.. x.Items, .. y.Items];
                return context.Made<PythonList>(left is PythonTuple ? new PythonTuple(joined) : new PythonList(joined));
            case "*" when left is string or PythonList && right is long or bool:
                return Repeat(context, left, Integer(right));
            case "*" when right is string or PythonList && left is long or bool:
                return Repeat(context, right, Integer(left));
            case "%" when left is string format:
                return PythonFormat.Percent(context, format, right);
        }

        if (!TryNumber(left, out double l) || !TryNumber(right, out double r))
        {
            throw Unsupported(op, left, right);
        }

        try
        {
            return left is double || right is double || op == "/" ? (object)OnFloats(op, l, r) : OnIntegers(op, Integer(left), Integer(right));
        }
        catch (OverflowException)
        {
            throw ChatTemplateException.Limit("a number is too large");
        }
    }

    public static object? Negate(object? value)
    {
        Refuse(value);
        return value switch
        {
            double d => (object)-d,
            long or bool when Integer(value) != long.MinValue => -Integer(value),
            _ => throw ChatTemplateException.Failed($"bad operand type for unary -: '{PythonText.TypeName(value)}'"),
        };
    }

    public static bool TryNumber(object? value, out double number)
    {
        number = value switch { long n => n, double d => d, bool b => b ? 1 : 0, _ => double.NaN };
        return value is long or double or bool;
    }

    public static long Integer(object? value) => value switch
    {
        long n => n,
        bool b => b ? 1 : 0,
        Undefined undefined => throw undefined.Failure(),
        _ => throw ChatTemplateException.Failed($"'{PythonText.TypeName(value)}' object cannot be interpreted as an integer"),
    };

    /// <summary>An integer that is used as a width, count or position.</summary>
    public static int Size(object? value) => (int)Math.Clamp(Integer(value), int.MinValue / 2, int.MaxValue / 2);

    private static bool AreEqual(object? left, object? right, ref int budget)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (--budget < 0)
        {
            throw ChatTemplateException.Limit("a comparison takes too long");
        }

        if (TryNumber(left, out double a) && TryNumber(right, out double b))
        {
            return left is double || right is double ? a == b : Integer(left) == Integer(right);
        }

        switch (left)
        {
            case string s:
                return right is string t && string.Equals(s, t, StringComparison.Ordinal);
            case PythonList x when right is PythonList y && left is PythonTuple == right is PythonTuple:
                if (x.Items.Count != y.Items.Count)
                {
                    return false;
                }

                for (int i = 0; i < x.Items.Count; i++)
                {
                    if (!AreEqual(x.Items[i], y.Items[i], ref budget))
                    {
                        return false;
                    }
                }

                return true;
            case PythonDictionary x when right is PythonDictionary y:
                if (x.Count != y.Count)
                {
                    return false;
                }

                foreach ((object? key, object? value) in x.Pairs)
                {
                    if (!y.TryGet(key, out object? other) || !AreEqual(value, other, ref budget))
                    {
                        return false;
                    }
                }

                return true;
            case Undefined:
                return right is Undefined;
            default:
                return ReferenceEquals(left, right);
        }
    }

    private static double OnFloats(string op, double l, double r)
    {
        if (r == 0 && op is "/" or "//" or "%")
        {
            throw ChatTemplateException.Failed("division by zero");
        }

        return op switch
        {
            "+" => l + r,
            "-" => l - r,
            "*" => l * r,
            "/" => l / r,
            "//" => Math.Floor(l / r),
            "%" => l % r is var rest && rest != 0 && rest < 0 != r < 0 ? rest + r : rest,
            _ => Math.Pow(l, r),
        };
    }

    private static object OnIntegers(string op, long l, long r)
    {
        if (r == 0 && op is "//" or "%")
        {
            throw ChatTemplateException.Failed(op == "%" ? "integer modulo by zero" : "integer division or modulo by zero");
        }

        switch (op)
        {
            case "+":
                return checked(l + r);
            case "-":
                return checked(l - r);
            case "*":
                return checked(l * r);
            case "//":
                return r == -1 ? checked(-l) : Math.DivRem(l, r) is var (q, rest) && rest != 0 && rest < 0 != r < 0 ? q - 1 : l / r;
            case "%":
                long modulo = r == -1 ? 0 : l % r;
                return modulo != 0 && modulo < 0 != r < 0 ? modulo + r : modulo;
            default:
                return Power(l, r);
        }
    }

    private static object Power(long value, long exponent)
    {
        if (exponent < 0)
        {
            return value == 0 ? throw ChatTemplateException.Failed("0.0 cannot be raised to a negative power") : Math.Pow(value, exponent);
        }

        if (value is 0 or 1 or -1)
        {
            return exponent == 0 ? 1L : value == -1 && exponent % 2 == 0 ? 1L : value;
        }

        long result = 1;
        for (long i = 0; i < exponent; i++)
        {
            result = checked(result * value);
        }

        return result;
    }

    private static object Repeat(RenderContext context, object? value, long count)
    {
        count = Math.Max(0, count);
        long size = value is string s ? s.Length : ((PythonList)value!).Items.Count;
        context.Reserve(size, count);
        if (value is string text)
        {
            return size == 0 ? "" : string.Concat(Enumerable.Repeat(text, (int)count));
        }

        var items = new List<object?>();
        for (long i = 0; size > 0 && i < count; i++)
        {
            items.AddRange(((PythonList)value!).Items);
        }

        return value is PythonTuple ? new PythonTuple(items) : new PythonList(items);
    }

    private static void Refuse(object? value)
    {
        if (value is Undefined undefined)
        {
            throw undefined.Failure();
        }
    }

    private static ChatTemplateException Unsupported(string op, object? left, object? right) =>
        op == "+" && left is string
            ? ChatTemplateException.Failed($"can only concatenate str (not \"{PythonText.TypeName(right)}\") to str")
            : ChatTemplateException.Failed($"unsupported operand type(s) for {op}: '{PythonText.TypeName(left)}' and '{PythonText.TypeName(right)}'");
}
