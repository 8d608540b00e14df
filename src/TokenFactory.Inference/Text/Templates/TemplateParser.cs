namespace TokenFactory.Inference.Text.Templates;

/// <summary>Reads a template's statements.</summary>
internal sealed class TemplateParser
{
    private const int DepthLimit = 100;

    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;
    private int _depth;
    private int _loops;

    private TemplateParser(string template)
    {
        _tokens = new TokenReader(TemplateLexer.Lex(template));
        _expressions = new ExpressionParser(_tokens);
    }

    /// <exception cref="ChatTemplateException">The template is malformed.</exception>
    public static IReadOnlyList<Statement> Parse(string template)
    {
        var parser = new TemplateParser(template);
        try
        {
            IReadOnlyList<Statement> body = parser.Body();
            return parser._tokens.Current.Kind == TokenKind.End ? body : throw parser._tokens.Error($"unexpected tag '{parser._tokens.Current.Value}'");
        }
        catch (InsufficientExecutionStackException)
        {
            throw parser._tokens.Error("it nests too deeply");
        }
    }

    /// <summary>Statements up to a tag of one of these names, which is left current.</summary>
    private List<Statement> Body(params ReadOnlySpan<string> ends)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        if (++_depth > DepthLimit)
        {
            throw _tokens.Error("it nests too deeply");
        }

        var body = new List<Statement>();
        while (true)
        {
            Token token = _tokens.Current;
            switch (token.Kind)
            {
                case TokenKind.Data:
                    _tokens.Next();
                    body.Add(new DataStatement(token.Value));
                    continue;
                case TokenKind.VariableBegin:
                    _tokens.Next();
                    body.Add(new OutputStatement(_expressions.Tuple()));
                    _tokens.Expect(TokenKind.VariableEnd);
                    continue;
                case TokenKind.BlockBegin:
                    _tokens.Next();
                    if (_tokens.Current.Kind == TokenKind.Name && ends.Contains(_tokens.Current.Value))
                    {
                        _depth--;
                        return body;
                    }

                    body.Add(Tag());
                    continue;
                case TokenKind.End when ends.Length == 0:
                    _depth--;
                    return body;
                default:
                    throw _tokens.Error($"'{ends[0]}' is missing");
            }
        }
    }

    private List<Statement> Block(string end)
    {
        CloseTag();
        List<Statement> body = Body(end);
        _tokens.Next();
        if (end == "endmacro" && _tokens.Current.Kind == TokenKind.Name)
        {
            _tokens.Next();
        }

        CloseTag();
        return body;
    }

    private void CloseTag() => _tokens.Expect(TokenKind.BlockEnd);

    private Statement Tag()
    {
        string name = _tokens.Expect(TokenKind.Name).Value;
        switch (name)
        {
            case "if":
                return If();
            case "for":
                return For();
            case "set":
                return Set();
            case "macro":
                return Macro();
            case "call":
                return CallBlock();
            case "filter":
                FilterChain filters = _expressions.Filters();
                return new FilterStatement(filters, Block("endfilter"));
            case "with":
                return With();
            case "generation":
                return new WithStatement([], Block("endgeneration"));
            case "autoescape":
                _expressions.Full();
                return new WithStatement([], Block("endautoescape"));
            case "print":
                Expression printed = _expressions.Tuple();
                CloseTag();
                return new OutputStatement(printed);
            case "block":
                _tokens.Expect(TokenKind.Name);
                return new WithStatement([], Block("endblock"));
            case "break" or "continue":
                CloseTag();
                return _loops > 0 ? new FlowStatement(name == "break" ? Flow.Break : Flow.Continue) : throw _tokens.Error($"'{name}' is outside of a loop");
            default:
                throw _tokens.Error($"the tag '{name}' is unknown");
        }
    }

    private IfStatement If()
    {
        var branches = new List<(Expression?, IReadOnlyList<Statement>)>();
        Expression? condition = _expressions.Condition();
        while (true)
        {
            CloseTag();
            branches.Add((condition, Body("elif", "else", "endif")));
            string tag = _tokens.Next().Value;
            if (tag == "endif")
            {
                CloseTag();
                return new IfStatement(branches);
            }

            if (condition is null)
            {
                throw _tokens.Error($"'{tag}' follows 'else'");
            }

            condition = tag == "elif" ? _expressions.Condition() : null;
        }
    }

    private ForStatement For()
    {
        Expression target = _expressions.Target();
        _tokens.ExpectName("in");
        Expression iterable = _expressions.Tuple(conditional: false);
        Expression? condition = _tokens.SkipName("if") ? _expressions.Full() : null;
        bool recursive = _tokens.SkipName("recursive");
        CloseTag();
        _loops++;
        List<Statement> body = Body("else", "endfor");
        _loops--;
        List<Statement> otherwise = [];
        if (_tokens.Next().Value == "else")
        {
            CloseTag();
            otherwise = Body("endfor");
            _tokens.Next();
        }

        CloseTag();
        return new ForStatement(target, iterable, condition, recursive, body, otherwise);
    }

    private Statement Set()
    {
        Expression target = _expressions.Target(namespaces: true);
        if (_tokens.SkipOperator("="))
        {
            Expression value = _expressions.Tuple();
            CloseTag();
            return new SetStatement(target, value);
        }

        FilterChain? filters = _tokens.IsOperator("|") ? _expressions.Filters(leading: true) : null;
        return new SetBlockStatement(target, filters, Block("endset"));
    }

    private Macro Macro()
    {
        string name = _tokens.Expect(TokenKind.Name).Value;
        (List<string> parameters, List<Expression> defaults) = Signature();
        return MacroBody(name, parameters, defaults, "endmacro");
    }

    // A loop around a macro is not the macro's.
    private Macro MacroBody(string name, List<string> parameters, List<Expression> defaults, string end)
    {
        int loops = _loops;
        _loops = 0;
        List<Statement> body = Block(end);
        _loops = loops;
        return new Macro(name, parameters, defaults, body);
    }

    private CallStatement CallBlock()
    {
        (List<string> parameters, List<Expression> defaults) = _tokens.IsOperator("(") ? Signature() : ([], []);
        Expression call = _expressions.Full();
        return new CallStatement(call as Call ?? throw _tokens.Error("'call' is not followed by a call"), MacroBody("caller", parameters, defaults, "endcall"));
    }

    private (List<string> Parameters, List<Expression> Defaults) Signature()
    {
        var parameters = new List<string>();
        var defaults = new List<Expression>();
        _tokens.ExpectOperator("(");
        while (!_tokens.SkipOperator(")"))
        {
            if (parameters.Count > 0)
            {
                _tokens.ExpectOperator(",");
                if (_tokens.SkipOperator(")"))
                {
                    break;
                }
            }

            parameters.Add(_tokens.Expect(TokenKind.Name).Value);
            if (_tokens.SkipOperator("="))
            {
                defaults.Add(_expressions.Full());
            }
            else if (defaults.Count > 0)
            {
                throw _tokens.Error("a parameter without a default follows one with");
            }
        }

        return (parameters, defaults);
    }

    private WithStatement With()
    {
        var bindings = new List<(Expression, Expression)>();
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            if (bindings.Count > 0)
            {
                _tokens.ExpectOperator(",");
            }

            Expression target = _expressions.Target();
            _tokens.ExpectOperator("=");
            bindings.Add((target, _expressions.Full()));
        }

        return new WithStatement(bindings, Block("endwith"));
    }
}
