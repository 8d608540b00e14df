using System.Text;

namespace TokenFactory.Inference.Text.Templates;

/// <summary>Where to go on after a statement.</summary>
internal enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>Something that writes or assigns.</summary>
internal abstract class Statement
{
    public abstract Flow Execute(RenderContext context, Scope scope, StringBuilder output);

    public static Flow Run(IReadOnlyList<Statement> body, RenderContext context, Scope scope, StringBuilder output)
    {
        foreach (Statement statement in body)
        {
            context.Step();
            Flow flow = statement.Execute(context, scope, output);
            if (flow != Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }

    protected static string Capture(IReadOnlyList<Statement> body, RenderContext context, Scope scope)
    {
        var output = new StringBuilder();
        Run(body, context, scope, output);
        return output.ToString();
    }
}

internal sealed class DataStatement(string text) : Statement
{
    public override Flow Execute(RenderContext context, Scope scope, StringBuilder output)
    {
        context.Write(output, text);
        return Flow.Next;
    }
}

internal sealed class OutputStatement(Expression expression) : Statement
{
    public override Flow Execute(RenderContext context, Scope scope, StringBuilder output)
    {
        context.Write(output, PythonText.Str(expression.Evaluate(context, scope)));
        return Flow.Next;
    }
}

internal sealed class IfStatement(IReadOnlyList<(Expression? Condition, IReadOnlyList<Statement> Body)> branches) : Statement
{
    public override Flow Execute(RenderContext context, Scope scope, StringBuilder output)
    {
        foreach ((Expression? condition, IReadOnlyList<Statement> body) in branches)
        {
            if (condition is null || PythonOperators.IsTrue(condition.Evaluate(context, scope)))
            {
                return Run(body, context, scope, output);
            }
        }

        return Flow.Next;
    }
}

internal sealed class FlowStatement(Flow flow) : Statement
{
    public override Flow Execute(RenderContext context, Scope scope, StringBuilder output) => flow;
}

internal sealed class SetStatement(Expression target, Expression value) : Statement
{
    public override Flow Execute(RenderContext context, Scope scope, StringBuilder output)
    {
        Assign(target, value.Evaluate(context, scope), scope);
        return Flow.Next;
    }

    public static void Assign(Expression target, object? value, Scope scope)
    {
        switch (target)
        {
            case NameReference name:
                scope.Set(name.Name, value);
                break;
            case NamespaceTarget attribute:
                attribute.Assign(value, scope);
                break;
            case ListLiteral names:
                List<object?> values = value is null or bool or long or double
                    ? throw ChatTemplateException.Failed($"cannot unpack non-iterable {PythonText.TypeName(value)} object") : Members.Iterate(value);
                if (values.Count != names.Items.Count)
                {
                    throw ChatTemplateException.Failed(values.Count > names.Items.Count
                        ? $"too many values to unpack (expected {names.Items.Count})"
                        : $"not enough values to unpack (expected {names.Items.Count}, got {values.Count})");
                }

                for (int i = 0; i < values.Count; i++)
                {
                    Assign(names.Items[i], values[i], scope);
                }

                break;
        }
    }
}

/// <summary><c>namespace.attribute</c> as the target of an assignment.</summary>
internal sealed class NamespaceTarget(string name, string attribute) : Expression
{
    public void Assign(object? value, Scope scope)
    {
        if (!scope.TryGet(name, out object? owner) || owner is not Namespace bag)
        {
            throw ChatTemplateException.Failed("cannot assign attribute on non-namespace object");
        }

        bag.Attributes[attribute] = value;
    }

    protected override object? Value(RenderContext context, Scope scope) => null;
}

internal sealed class SetBlockStatement(Expression target, FilterChain? filters, IReadOnlyList<Statement> body) : Statement
{
    public override Flow Execute(RenderContext context, Scope scope, StringBuilder output)
    {
        object? value = Capture(body, context, new Scope(scope));
        SetStatement.Assign(target, filters is null ? value : filters.Apply(context, scope, value), scope);
        return Flow.Next;
    }
}

/// <summary>Filters one after the other, without what they are applied to.</summary>
internal sealed class FilterChain(IReadOnlyList<FilterUse> filters)
{
    public object? Apply(RenderContext context, Scope scope, object? value) =>
        filters.Aggregate(value, (current, filter) => filter.Apply(context, scope, current));
}

internal sealed class FilterStatement(FilterChain filters, IReadOnlyList<Statement> body) : Statement
{
    public override Flow Execute(RenderContext context, Scope scope, StringBuilder output)
    {
        context.Write(output, PythonText.Str(filters.Apply(context, scope, Capture(body, context, new Scope(scope)))));
        return Flow.Next;
    }
}

/// <summary>A scope of its own: <c>with</c>, <c>generation</c>, <c>autoescape</c>.</summary>
internal sealed class WithStatement(IReadOnlyList<(Expression Target, Expression Value)> bindings, IReadOnlyList<Statement> body) : Statement
{
    public override Flow Execute(RenderContext context, Scope scope, StringBuilder output)
    {
        var inner = new Scope(scope);
        foreach ((Expression target, Expression value) in bindings)
        {
            SetStatement.Assign(target, value.Evaluate(context, scope), inner);
        }

        return Run(body, context, inner, output);
    }
}

internal sealed class ForStatement(
    Expression target, Expression iterable, Expression? condition, bool recursive, IReadOnlyList<Statement> body, IReadOnlyList<Statement> otherwise) : Statement
{
    public override Flow Execute(RenderContext context, Scope scope, StringBuilder output)
    {
        Loop(context, scope, output, iterable.Evaluate(context, scope), depth: 0);
        return Flow.Next;
    }

    private void Loop(RenderContext context, Scope scope, StringBuilder output, object? source, int depth)
    {
        context.Charge(source);
        List<object?> items = Members.Iterate(source);
        if (condition is not null)
        {
            items = [.. items.Where(item =>
            {
                var inner = new Scope(scope);
                SetStatement.Assign(target, item, inner);
                return PythonOperators.IsTrue(condition.Evaluate(context, inner));
            })];
        }

        var loop = new LoopState(items, depth)
        {
            Recurse = recursive ? new Callable("loop", (c, arguments) => c.Nested(() =>
            {
                var nested = new StringBuilder();
                Loop(c, scope, nested, arguments.Required(0, "iterable"), depth + 1);
                return nested.ToString();
            })) : null,
        };
        for (int i = 0; i < items.Count; i++)
        {
            context.Step();
            loop.Index = i;
            var inner = new Scope(scope);
            inner.Set("loop", loop);
            SetStatement.Assign(target, items[i], inner);
            if (Run(body, context, inner, output) == Flow.Break)
            {
                break;
            }
        }

        if (items.Count == 0)
        {
            Run(otherwise, context, new Scope(scope), output);
        }
    }
}

/// <summary>The parameters and body of a macro or call block.</summary>
internal sealed class Macro(string name, IReadOnlyList<string> parameters, IReadOnlyList<Expression> defaults, IReadOnlyList<Statement> body) : Statement
{
    public override Flow Execute(RenderContext context, Scope scope, StringBuilder output)
    {
        scope.Set(name, Bind(scope));
        return Flow.Next;
    }

    public Callable Bind(Scope scope) => new(name, (context, arguments) => context.Nested(() => Invoke(context, scope, arguments)))
    {
        Attribute = attribute => attribute switch
        {
            "name" => name,
            "arguments" => new PythonTuple([.. parameters]),
            _ => new Undefined($"'jinja2.runtime.Macro object' has no attribute '{attribute}'"),
        },
    };

    private string Invoke(RenderContext context, Scope scope, Arguments arguments)
    {
        var inner = new Scope(scope);
        int first = parameters.Count - defaults.Count;
        for (int i = 0; i < parameters.Count; i++)
        {
            object? value = arguments.Has(i, parameters[i]) ? arguments.Get(i, parameters[i])
                : i >= first ? defaults[i - first].Evaluate(context, inner)
                : new Undefined($"parameter '{parameters[i]}' was not provided");
            inner.Set(parameters[i], value);
        }

        inner.Set("varargs", new PythonTuple([.. arguments.Positional.Skip(parameters.Count)]));
        var named = new PythonDictionary();
        foreach ((string key, object? value) in arguments.Named)
        {
            if (!parameters.Contains(key) && key != "caller")
            {
                named.Set(key, value);
            }
        }

        inner.Set("kwargs", named);
        if (arguments.Named.TryGetValue("caller", out object? caller))
        {
            inner.Set("caller", caller);
        }

        return Capture(body, context, inner);
    }
}

internal sealed class CallStatement(Call call, Macro caller) : Statement
{
    public override Flow Execute(RenderContext context, Scope scope, StringBuilder output)
    {
        Call full = call.With("caller", new Constant(caller.Bind(scope)));
        context.Write(output, PythonText.Str(full.Evaluate(context, scope)));
        return Flow.Next;
    }
}
