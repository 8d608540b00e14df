using System.Globalization;
using System.Runtime.CompilerServices;

namespace TokenFactory.Inference.Text.Templates;

/// <summary>Reads expressions by Jinja's grammar.</summary>
internal sealed partial class ExpressionParser(TokenReader tokens)
{
    private const int DepthLimit = 200;

    private static readonly string[] s_comparisons = ["==", "!=", ">", ">=", "<", "<="];

    private int _depth;

    /// <summary>An expression, conditional ones included.</summary>
    public Expression Full() => Guarded(() =>
    {
        Expression left = Or();
        while (tokens.SkipName("if"))
        {
            Expression condition = Or();
            left = new Conditional(left, condition, tokens.SkipName("else") ? Full() : null);
        }

        return left;
    });

    /// <summary>The condition of an if or elif.</summary>
    public Expression Condition() => Tuple(conditional: false);

    /// <summary>One expression, or a tuple without parentheses.</summary>
    public Expression Tuple(bool conditional = true, bool parenthesized = false)
    {
        var items = new List<Expression>();
        bool tuple = false;
        while (true)
        {
            if (items.Count > 0)
            {
                if (!tokens.SkipOperator(","))
                {
                    break;
                }

                tuple = true;
            }

            if (tokens.Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || tokens.IsOperator(")"))
            {
                break;
            }

            items.Add(conditional ? Full() : Or());
        }

        if (items.Count == 0 && !parenthesized)
        {
            throw tokens.Error("an expression is missing");
        }

        return tuple || items.Count == 0 ? new ListLiteral(items, tuple: true) : items[0];
    }

    /// <summary>What may be assigned to.</summary>
    public Expression Target(bool namespaces = false)
    {
        if (namespaces && tokens.Current.Kind == TokenKind.Name && tokens.Following is { Kind: TokenKind.Operator, Value: "." })
        {
            string name = tokens.Next().Value;
            tokens.Next();
            return new NamespaceTarget(name, tokens.Expect(TokenKind.Name).Value);
        }

        return Guarded(() =>
        {
            var names = new List<Expression>();
            bool tuple = false;
            do
            {
                if (tokens.SkipOperator("("))
                {
                    names.Add(Target());
                    tokens.ExpectOperator(")");
                }
                else if (names.Count > 0 && (tokens.IsName("in") || tokens.IsOperator("=")))
                {
                    break;
                }
                else
                {
                    names.Add(new NameReference(tokens.Expect(TokenKind.Name).Value));
                }

                tuple |= tokens.IsOperator(",");
            }
            while (tokens.SkipOperator(","));
            return tuple ? new ListLiteral(names, tuple: true) : names[0];
        });
    }

    /// <summary>Filters without an operand: <c>name(…) | name</c>.</summary>
    public FilterChain Filters(bool leading = false)
    {
        var filters = new List<FilterUse>();
        if (!leading)
        {
            filters.Add(Filter(null));
        }

        while (tokens.SkipOperator("|"))
        {
            filters.Add(Filter(null));
        }

        return new FilterChain(filters);
    }

    private Expression Guarded(Func<Expression> read)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (++_depth > DepthLimit)
        {
            throw tokens.Error("an expression nests too deeply");
        }

        Expression result = read();
        _depth--;
        return result;
    }

    private Expression Or()
    {
        Expression left = And();
        while (tokens.SkipName("or"))
        {
            left = new Logical(and: false, left, And());
        }

        return left;
    }

    private Expression And()
    {
        Expression left = Negation();
        while (tokens.SkipName("and"))
        {
            left = new Logical(and: true, left, Negation());
        }

        return left;
    }

    private Expression Negation() => tokens.SkipName("not") ? Guarded(() => new Not(Negation())) : Compared();

    private Expression Compared()
    {
        Expression first = Sum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (tokens.Current.Kind == TokenKind.Operator && s_comparisons.Contains(tokens.Current.Value))
            {
                string op = tokens.Next().Value;
                rest.Add((op, Sum()));
            }
            else if (tokens.SkipName("in"))
            {
                rest.Add(("in", Sum()));
            }
            else if (tokens.IsName("not") && tokens.Following is { Kind: TokenKind.Name, Value: "in" })
            {
                tokens.Next();
                tokens.Next();
                rest.Add(("not in", Sum()));
            }
            else
            {
                return rest.Count == 0 ? first : new Comparison(first, rest);
            }
        }
    }

    private Expression Sum() => Chain(Joined, "+", "-");

    private Expression Joined()
    {
        Expression first = Product();
        if (!tokens.IsOperator("~"))
        {
            return first;
        }

        var parts = new List<Expression> { first };
        while (tokens.SkipOperator("~"))
        {
            parts.Add(Product());
        }

        return new Concatenation(parts);
    }

    private Expression Product() => Chain(Power, "*", "/", "//", "%");

    private Expression Power() => Chain(() => Unary(filtered: true), "**");

    private Expression Chain(Func<Expression> operand, params string[] operators)
    {
        Expression left = operand();
        while (tokens.Current.Kind == TokenKind.Operator && operators.Contains(tokens.Current.Value))
        {
            string op = tokens.Next().Value;
            left = new Arithmetic(op, left, operand());
        }

        return left;
    }

    private Expression Unary(bool filtered) => Guarded(() =>
    {
        Expression node = tokens.SkipOperator("-") ? new Sign(negative: true, Unary(filtered: false))
            : tokens.SkipOperator("+") ? new Sign(negative: false, Unary(filtered: false))
            : Primary();
        node = Postfix(node);
        return filtered ? Filtered(node) : node;
    });

    private Expression Primary()
    {
        Token token = tokens.Next();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return token.Value switch
                {
                    "true" or "True" => new Constant(true),
                    "false" or "False" => new Constant(false),
                    "none" or "None" => new Constant(null),
                    _ => new NameReference(token.Value),
                };
            case TokenKind.Text:
                string text = token.Value;
                while (tokens.Current.Kind == TokenKind.Text)
                {
                    text += tokens.Next().Value;
                }

                return new Constant(text);
            case TokenKind.Integer:
                return new Constant(Integer(token.Value));
            case TokenKind.Float:
                return new Constant(double.Parse(token.Value, CultureInfo.InvariantCulture));
            case TokenKind.Operator when token.Value == "(":
                Expression inside = Tuple(parenthesized: true);
                tokens.ExpectOperator(")");
                return inside;
            case TokenKind.Operator when token.Value == "[":
                return new ListLiteral(Items("]"), tuple: false);
            case TokenKind.Operator when token.Value == "{":
                return Dictionary();
            default:
                throw tokens.Error($"unexpected '{token.Value}' in an expression");
        }
    }

    private long Integer(string text)
    {
        try
        {
            return text.Length > 2 && char.IsAsciiLetter(text[1])
                ? Convert.ToInt64(text[2..], char.ToLowerInvariant(text[1]) switch { 'x' => 16, 'o' => 8, _ => 2 })
                : long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            throw tokens.Error($"'{(text.Length > 30 ? text[..30] : text)}' is not a number that can be held");
        }
    }

    private List<Expression> Items(string end)
    {
        var items = new List<Expression>();
        while (!tokens.SkipOperator(end))
        {
            if (items.Count > 0)
            {
                tokens.ExpectOperator(",");
                if (tokens.SkipOperator(end))
                {
                    break;
                }
            }

            items.Add(Full());
        }

        return items;
    }

    private DictionaryLiteral Dictionary()
    {
        var items = new List<(Expression, Expression)>();
        while (!tokens.SkipOperator("}"))
        {
            if (items.Count > 0)
            {
                tokens.ExpectOperator(",");
                if (tokens.SkipOperator("}"))
                {
                    break;
                }
            }

            Expression key = Full();
            tokens.ExpectOperator(":");
            items.Add((key, Full()));
        }

        return new DictionaryLiteral(items);
    }
}
