using System.Runtime.CompilerServices;
using System.Text;

namespace TokenFactory.Inference.Text.Templates;

/// <summary>One rendering: its budget, its clock and its outermost scope.</summary>
internal sealed class RenderContext(ChatTemplateLimits limits, TimeProvider clock, CancellationToken cancellationToken)
{
    private const int StepsBetweenChecks = 1023;

    private long _steps;
    private long _characters;
    private int _depth;

    public TimeProvider Clock => clock;

    public string Render(IReadOnlyList<Statement> body, IReadOnlyDictionary<string, object?> variables)
    {
        var scope = new Scope(null);
        foreach ((string name, Callable function) in Globals.All)
        {
            scope.Set(name, function);
        }

        var output = new StringBuilder();
        try
        {
            foreach ((string name, object? value) in variables)
            {
                scope.Set(name, ValueConverter.Convert(value));
            }

            Statement.Run(body, this, new Scope(scope), output);
        }
        catch (InsufficientExecutionStackException)
        {
            throw ChatTemplateException.Limit("it nests too deeply");
        }

        return output.ToString();
    }

    /// <summary>Counts a step.</summary>
    public void Step()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Spend(1);
    }

    /// <summary>Counts work on a value by its size.</summary>
    public void Charge(object? value) => Spend(value switch
    {
        string s => s.Length >> 4,
        PythonList list => list.Items.Count >> 2,
        PythonDictionary dictionary => dictionary.Count >> 2,
        _ => 0,
    });

    public void Spend(long steps)
    {
        long before = _steps;
        _steps += steps;
        if (_steps > limits.Steps)
        {
            throw ChatTemplateException.Limit("it took too many steps");
        }

        if ((before ^ _steps) > StepsBetweenChecks)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Counts a value that was made and returns it.</summary>
    public T Made<T>(T value)
    {
        Reserve(1, value switch
        {
            string s => s.Length,
            PythonList list => list.Items.Count * 4L,
            PythonDictionary dictionary => dictionary.Count * 8L,
            _ => 0,
        });
        return value;
    }

    /// <summary>Makes sure that so many characters may be made, before they are.</summary>
    public void Reserve(long each, long count)
    {
        if (each > 0 && count > limits.Characters / each)
        {
            throw ChatTemplateException.Limit("it makes too much text");
        }

        _characters += each * count;
        if (_characters > limits.Characters)
        {
            throw ChatTemplateException.Limit("it makes too much text");
        }

        Spend((each * count) >> 5);
    }

    public void Write(StringBuilder output, string text)
    {
        Reserve(1, text.Length);
        output.Append(text);
    }

    public T Nested<T>(Func<T> body)
    {
        if (++_depth > limits.Recursion)
        {
            throw ChatTemplateException.Limit("it calls itself too deeply");
        }

        try
        {
            return body();
        }
        finally
        {
            _depth--;
        }
    }
}

/// <summary>Names and values; what isn't here is looked for outside.</summary>
internal sealed class Scope(Scope? parent)
{
    private Dictionary<string, object?>? _values;

    public void Set(string name, object? value) => (_values ??= [])[name] = value;

    public bool TryGet(string name, out object? value)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._values is not null && scope._values.TryGetValue(name, out value))
            {
                return true;
            }
        }

        value = null;
        return false;
    }

    private Scope? Parent => parent;
}
