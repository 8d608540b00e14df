namespace TokenFactory.Inference.Text.Templates;

/// <summary>The tests behind <c>is</c>.</summary>
internal static class Tests
{
    private static readonly Dictionary<string, Func<object?, Arguments, bool>> s_tests = new()
    {
        ["defined"] = (v, _) => v is not Undefined,
        ["undefined"] = (v, _) => v is Undefined,
        ["none"] = (v, _) => v is null,
        ["true"] = (v, _) => v is true,
        ["false"] = (v, _) => v is false,
        ["boolean"] = (v, _) => v is bool,
        ["integer"] = (v, _) => v is long,
        ["float"] = (v, _) => v is double,
        ["number"] = (v, _) => v is long or double or bool,
        ["string"] = (v, _) => v is string,
        ["mapping"] = (v, _) => v is PythonDictionary,
        ["sequence"] = (v, _) => v is string or PythonList or PythonDictionary,
        ["iterable"] = (v, _) => v is string or PythonList or PythonDictionary or Undefined,
        ["callable"] = (v, _) => v is Callable,
        ["escaped"] = (_, _) => false,
        ["odd"] = (v, _) => PythonOperators.Integer(v) % 2 != 0,
        ["even"] = (v, _) => PythonOperators.Integer(v) % 2 == 0,
        ["divisibleby"] = (v, a) => PythonOperators.Integer(a.Required(0, "num")) is var n && n == 0
            ? throw ChatTemplateException.Failed("integer division or modulo by zero") : n == -1 || PythonOperators.Integer(v) % n == 0,
        ["upper"] = (v, _) => PythonText.Str(v) is var s && s.Any(char.IsUpper) && !s.Any(char.IsLower),
        ["lower"] = (v, _) => PythonText.Str(v) is var s && s.Any(char.IsLower) && !s.Any(char.IsUpper),
        ["in"] = (v, a) => PythonOperators.Contains(a.Required(0, "seq"), v),
        ["sameas"] = (v, a) => ReferenceEquals(v, a.Required(0, "other")) || (v is bool or long && v.Equals(a.Get(0, "other"))),
        ["eq"] = (v, a) => PythonOperators.AreEqual(v, a.Required(0, "other")),
        ["ne"] = (v, a) => !PythonOperators.AreEqual(v, a.Required(0, "other")),
        ["gt"] = (v, a) => PythonOperators.Compare(v, a.Required(0, "other"), ">") > 0,
        ["ge"] = (v, a) => PythonOperators.Compare(v, a.Required(0, "other"), ">=") >= 0,
        ["lt"] = (v, a) => PythonOperators.Compare(v, a.Required(0, "other"), "<") < 0,
        ["le"] = (v, a) => PythonOperators.Compare(v, a.Required(0, "other"), "<=") <= 0,
        ["filter"] = (v, _) => v is string name && Filters.Exists(name),
        ["test"] = (v, _) => v is string name && Exists(name),
    };

    private static readonly Dictionary<string, string> s_aliases = new()
    {
        ["equalto"] = "eq", ["=="] = "eq", ["!="] = "ne", ["greaterthan"] = "gt", [">"] = "gt", [">="] = "ge",
        ["lessthan"] = "lt", ["<"] = "lt", ["<="] = "le",
    };

    public static bool Exists(string name) => s_tests.ContainsKey(name) || s_aliases.ContainsKey(name);

    public static bool Apply(RenderContext context, string name, object? value, Arguments arguments)
    {
        context.Charge(value);
        return s_tests.TryGetValue(s_aliases.GetValueOrDefault(name, name), out Func<object?, Arguments, bool>? test)
            ? test(value, arguments) : throw ChatTemplateException.Failed($"No test named '{name}'.");
    }
}
