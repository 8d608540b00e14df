namespace TokenFactory.Inference.Text.Templates;

/// <content>What follows an operand: attributes, items, calls, filters and tests.</content>
internal sealed partial class ExpressionParser
{
    private Expression Postfix(Expression node)
    {
        while (true)
        {
            if (tokens.SkipOperator("."))
            {
                node = tokens.Current.Kind == TokenKind.Integer
                    ? new ItemAccess(node, new Constant(Integer(tokens.Next().Value)))
                    : new AttributeAccess(node, tokens.Expect(TokenKind.Name).Value);
            }
            else if (tokens.SkipOperator("["))
            {
                node = Subscript(node);
            }
            else if (tokens.IsOperator("("))
            {
                node = new Call(node, Arguments());
            }
            else
            {
                return node;
            }
        }
    }

    private Expression Subscript(Expression node)
    {
        var items = new List<Expression>();
        while (true)
        {
            Expression? start = tokens.IsOperator(":") ? null : Full();
            if (tokens.SkipOperator(":"))
            {
                Expression? stop = tokens.IsOperator("]") || tokens.IsOperator(":") ? null : Full();
                Expression? step = tokens.SkipOperator(":") && !tokens.IsOperator("]") ? Full() : null;
                tokens.ExpectOperator("]");
                return new SliceAccess(node, start, stop, step);
            }

            items.Add(start!);
            if (!tokens.SkipOperator(","))
            {
                tokens.ExpectOperator("]");
                return new ItemAccess(node, items.Count == 1 ? items[0] : new ListLiteral(items, tuple: true));
            }
        }
    }

    private ArgumentList Arguments()
    {
        tokens.ExpectOperator("(");
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        Expression? rest = null;
        Expression? namedRest = null;
        bool first = true;
        while (!tokens.SkipOperator(")"))
        {
            if (!first)
            {
                tokens.ExpectOperator(",");
                if (tokens.SkipOperator(")"))
                {
                    break;
                }
            }

            first = false;
            if (tokens.SkipOperator("**"))
            {
                namedRest = Full();
            }
            else if (tokens.SkipOperator("*"))
            {
                rest = Full();
            }
            else if (tokens.Current.Kind == TokenKind.Name && tokens.Following is { Kind: TokenKind.Operator, Value: "=" })
            {
                string name = tokens.Next().Value;
                tokens.Next();
                named.Add((name, Full()));
            }
            else if (named.Count > 0)
            {
                throw tokens.Error("an argument without a name follows a named one");
            }
            else
            {
                positional.Add(Full());
            }
        }

        return new ArgumentList(positional, named, rest, namedRest);
    }

    private Expression Filtered(Expression node)
    {
        while (true)
        {
            if (tokens.SkipOperator("|"))
            {
                node = Filter(node);
            }
            else if (tokens.SkipName("is"))
            {
                node = Test(node);
            }
            else if (tokens.IsOperator("("))
            {
                node = new Call(node, Arguments());
            }
            else
            {
                return node;
            }
        }
    }

    private FilterUse Filter(Expression? operand)
    {
        string name = Dotted();
        return new FilterUse(operand, name, tokens.IsOperator("(") ? Arguments() : new ArgumentList([], [], null, null));
    }

    private string Dotted()
    {
        string name = tokens.Expect(TokenKind.Name).Value;
        while (tokens.SkipOperator("."))
        {
            name += "." + tokens.Expect(TokenKind.Name).Value;
        }

        return name;
    }

    private TestUse Test(Expression operand)
    {
        bool negated = tokens.SkipName("not");
        string name = Dotted();
        ArgumentList arguments = new([], [], null, null);
        Token token = tokens.Current;
        if (tokens.IsOperator("("))
        {
            arguments = Arguments();
        }
        else if (token.Kind is TokenKind.Text or TokenKind.Integer or TokenKind.Float
            || (token.Kind == TokenKind.Operator && token.Value is "[" or "{")
            || (token.Kind == TokenKind.Name && token.Value is not ("else" or "or" or "and" or "is" or "if")))
        {
            arguments = new ArgumentList([Postfix(Primary())], [], null, null);
        }

        return new TestUse(operand, name, arguments, negated);
    }
}
