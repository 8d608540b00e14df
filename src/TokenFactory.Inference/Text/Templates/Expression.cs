namespace TokenFactory.Inference.Text.Templates;

/// <summary>Something that has a value.</summary>
internal abstract class Expression
{
    public object? Evaluate(RenderContext context, Scope scope)
    {
        context.Step();
        return Value(context, scope);
    }

    protected abstract object? Value(RenderContext context, Scope scope);
}

internal sealed class Constant(object? value) : Expression
{
    public object? Literal => value;

    protected override object? Value(RenderContext context, Scope scope) => value;
}

internal sealed class NameReference(string name) : Expression
{
    public string Name => name;

    protected override object? Value(RenderContext context, Scope scope) => scope.TryGet(name, out object? value) ? value : Undefined.OfName(name);
}

internal sealed class ListLiteral(IReadOnlyList<Expression> items, bool tuple) : Expression
{
    public IReadOnlyList<Expression> Items => items;

    public bool IsTuple => tuple;

    protected override object? Value(RenderContext context, Scope scope)
    {
        var values = new List<object?>(items.Count);
        foreach (Expression item in items)
        {
            values.Add(item.Evaluate(context, scope));
        }

        return context.Made<PythonList>(tuple ? new PythonTuple(values) : new PythonList(values));
    }
}

internal sealed class DictionaryLiteral(IReadOnlyList<(Expression Key, Expression Value)> items) : Expression
{
    protected override object? Value(RenderContext context, Scope scope)
    {
        var dictionary = new PythonDictionary();
        foreach ((Expression key, Expression value) in items)
        {
            dictionary.Set(key.Evaluate(context, scope), value.Evaluate(context, scope));
        }

        return context.Made(dictionary);
    }
}

internal sealed class Conditional(Expression then, Expression condition, Expression? otherwise) : Expression
{
    protected override object? Value(RenderContext context, Scope scope) =>
        PythonOperators.IsTrue(condition.Evaluate(context, scope)) ? then.Evaluate(context, scope)
        : otherwise is not null ? otherwise.Evaluate(context, scope)
        : new Undefined("the inline if-expression evaluated to false and no else section was defined.");
}

internal sealed class Logical(bool and, Expression left, Expression right) : Expression
{
    protected override object? Value(RenderContext context, Scope scope)
    {
        object? value = left.Evaluate(context, scope);
        return PythonOperators.IsTrue(value) == and ? right.Evaluate(context, scope) : value;
    }
}

internal sealed class Not(Expression operand) : Expression
{
    protected override object? Value(RenderContext context, Scope scope) => !PythonOperators.IsTrue(operand.Evaluate(context, scope));
}

internal sealed class Sign(bool negative, Expression operand) : Expression
{
    protected override object? Value(RenderContext context, Scope scope)
    {
        object? value = operand.Evaluate(context, scope);
        return negative ? PythonOperators.Negate(value) : PythonOperators.Negate(PythonOperators.Negate(value));
    }
}

internal sealed class Arithmetic(string op, Expression left, Expression right) : Expression
{
    protected override object? Value(RenderContext context, Scope scope) =>
        PythonOperators.Binary(context, op, left.Evaluate(context, scope), right.Evaluate(context, scope));
}

internal sealed class Concatenation(IReadOnlyList<Expression> parts) : Expression
{
    protected override object? Value(RenderContext context, Scope scope)
    {
        var texts = new List<string>(parts.Count);
        foreach (Expression part in parts)
        {
            texts.Add(context.Made(PythonText.Str(part.Evaluate(context, scope))));
        }

        return context.Made(string.Concat(texts));
    }
}

internal sealed class Comparison(Expression first, IReadOnlyList<(string Op, Expression Operand)> rest) : Expression
{
    protected override object? Value(RenderContext context, Scope scope)
    {
        object? left = first.Evaluate(context, scope);
        foreach ((string op, Expression operand) in rest)
        {
            object? right = operand.Evaluate(context, scope);
            context.Charge(left);
            context.Charge(right);
            bool holds = op switch
            {
                "==" => PythonOperators.AreEqual(left, right),
                "!=" => !PythonOperators.AreEqual(left, right),
                "in" => PythonOperators.Contains(right, left),
                "not in" => !PythonOperators.Contains(right, left),
                ">" => PythonOperators.Compare(left, right, op) > 0,
                ">=" => PythonOperators.Compare(left, right, op) >= 0,
                "<" => PythonOperators.Compare(left, right, op) < 0,
                _ => PythonOperators.Compare(left, right, op) <= 0,
            };
            if (!holds)
            {
                return false;
            }

            left = right;
        }

        return true;
    }
}

internal sealed class AttributeAccess(Expression owner, string name) : Expression
{
    protected override object? Value(RenderContext context, Scope scope) => Members.Attribute(owner.Evaluate(context, scope), name);
}

internal sealed class ItemAccess(Expression owner, Expression item) : Expression
{
    protected override object? Value(RenderContext context, Scope scope) =>
        Members.Item(owner.Evaluate(context, scope), item.Evaluate(context, scope));
}

internal sealed class SliceAccess(Expression owner, Expression? start, Expression? stop, Expression? step) : Expression
{
    protected override object? Value(RenderContext context, Scope scope)
    {
        object? value = owner.Evaluate(context, scope);
        context.Charge(value);
        return context.Made(Members.Slice(value, start?.Evaluate(context, scope), stop?.Evaluate(context, scope), step?.Evaluate(context, scope)));
    }
}

/// <summary>The arguments as they are written at a call.</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named, Expression? Rest, Expression? NamedRest)
{
    public Arguments Evaluate(RenderContext context, Scope scope)
    {
        var positional = new List<object?>(Positional.Count);
        foreach (Expression argument in Positional)
        {
            positional.Add(argument.Evaluate(context, scope));
        }

        if (Rest is not null)
        {
            positional.AddRange(Members.Iterate(Rest.Evaluate(context, scope)));
        }

        var named = new Dictionary<string, object?>();
        foreach ((string name, Expression value) in Named)
        {
            named[name] = value.Evaluate(context, scope);
        }

        if (NamedRest?.Evaluate(context, scope) is PythonDictionary more)
        {
            foreach ((object? key, object? value) in more.Pairs)
            {
                named[PythonText.Str(key)] = value;
            }
        }

        context.Reserve(4, positional.Count + named.Count);
        return new Arguments(positional, named);
    }
}

internal sealed class Call(Expression callee, ArgumentList arguments) : Expression
{
    protected override object? Value(RenderContext context, Scope scope)
    {
        object? target = callee.Evaluate(context, scope);
        return Invoke(context, target, arguments.Evaluate(context, scope));
    }

    public static object? Invoke(RenderContext context, object? target, Arguments arguments) => target switch
    {
        Callable callable => callable.Invoke(context, arguments),
        LoopState { Recurse: { } recurse } => recurse.Invoke(context, arguments),
        Undefined undefined => throw undefined.Failure(),
        _ => throw ChatTemplateException.Failed($"'{PythonText.TypeName(target)}' object is not callable"),
    };

    /// <summary>The same call with one more named argument.</summary>
    public Call With(string name, Expression value) => new(callee, arguments with { Named = [.. arguments.Named, (name, value)] });
}

internal sealed class FilterUse(Expression? operand, string name, ArgumentList arguments) : Expression
{
    protected override object? Value(RenderContext context, Scope scope) => Apply(context, scope, operand!.Evaluate(context, scope));

    public object? Apply(RenderContext context, Scope scope, object? value) =>
        Filters.Apply(context, name, value, arguments.Evaluate(context, scope));
}

internal sealed class TestUse(Expression operand, string name, ArgumentList arguments, bool negated) : Expression
{
    protected override object? Value(RenderContext context, Scope scope)
    {
        object? value = operand.Evaluate(context, scope);
        return Tests.Apply(context, name, value, arguments.Evaluate(context, scope)) != negated;
    }
}
