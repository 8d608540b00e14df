using System.Globalization;
using System.Text.RegularExpressions;

namespace TokenFactory.Core.Definitions.Reading;

/// <summary>Reads nodes by a shape and collects every mistake on the way.</summary>
internal sealed partial class ShapeReader(ICollection<DefinitionProblem> problems, string currency, bool requireKeys = true)
{
    /// <summary>What the node means, or null when it was refused.</summary>
    public object? Read(Node node, Shape shape, string path) => (node, shape) switch
    {
        (ScalarNode { IsNull: true }, _) => Refuse(node, path, $"is empty: it wants {shape.Wants}. Give a value or remove the key"),
        (ScalarNode scalar, ScalarShape wanted) => Scalar(scalar, wanted, path),
        (ScalarNode scalar, ChoiceShape { Scalar: { } wanted }) => Scalar(scalar, wanted, path),
        (MappingNode mapping, RecordShape wanted) => Record(mapping, wanted, path),
        (MappingNode mapping, ChoiceShape { Record: { } wanted }) => Record(mapping, wanted, path),
        (SequenceNode sequence, ListShape wanted) => List(sequence, wanted, path),
        (SequenceNode sequence, ChoiceShape { List: { } wanted }) => List(sequence, wanted, path),
        _ => Refuse(node, path, $"wants {shape.Wants}; got {node.Kind}"),
    };

    private object? Refuse(Node node, string path, string message)
    {
        problems.Add(node.Problem(path, message, DefinitionProblemKind.Structure));
        return null;
    }

    private object? Scalar(ScalarNode node, ScalarShape shape, string path)
    {
        string text = node.Text;
        if (node.IsPlain && BooleanRegex().IsMatch(text))
        {
            if (!shape.TakesBoolean)
            {
                return Refuse(node, path, $"wants {shape.Wants}; got the Boolean {text}. Quote it when it is a text");
            }
        }
        else if (node.IsPlain && TryNumber(text, out double number, out bool whole))
        {
            if (Outside(shape, number, whole) is { } reason)
            {
                return Refuse(node, path, reason.Replace("{got}", text, StringComparison.Ordinal));
            }

            if (shape.Dimension is not null || shape.TakesInteger)
            {
                text = number.ToString("R", CultureInfo.InvariantCulture);
            }
        }
        else if (!shape.Matches(text))
        {
            return Refuse(node, path, Explain(shape, node));
        }

        string? error = shape.Parse(text, currency, out object? value);
        if (error is null)
        {
            return value;
        }

        problems.Add(node.Problem(path, error, DefinitionProblemKind.Meaning));
        return null;
    }

    private static string? Outside(ScalarShape shape, double number, bool whole) =>
        !(shape.TakesNumber || shape.TakesInteger) ? shape.Dimension is null ? $"wants {shape.Wants}; got the number {{got}}" : $"wants a unit: {shape.Wants}; got {{got}}"
        : !shape.TakesNumber && !whole ? $"wants {shape.Wants}; got {{got}}, which is not whole"
        : number < shape.Minimum || (shape.ExclusiveMinimum && number <= shape.Minimum)
            ? string.Create(CultureInfo.InvariantCulture, $"wants {(shape.ExclusiveMinimum ? "more than" : "at least")} {shape.Minimum}; got {{got}}")
        : number > shape.Maximum ? string.Create(CultureInfo.InvariantCulture, $"wants at most {shape.Maximum}; got {{got}}")
        : null;

    private string Explain(ScalarShape shape, ScalarNode node)
    {
        if (shape.Dimension is { } dimension)
        {
            string trimmed = node.Text.TrimStart();
            if (!Quantities.QuantityParser.TryParse(node.Text, dimension, out Quantities.Estimate value, out _, out string? error))
            {
                return error!;
            }

            return value.Low < 0 || trimmed.StartsWith('-') ? $"must not be negative; got {node.Kind}"
                : shape.Maximum == 1 ? $"wants 0 % to 100 %; got {node.Kind}"
                : shape.ExclusiveMinimum && value.Low == 0 ? $"must be more than nothing; got {node.Kind}"
                : $"wants {shape.Wants}, without signs or surrounding spaces; got {node.Kind}";
        }

        if (shape.Parse == Shapes.Growth.Scalar!.Parse && shape.Parse(node.Text, currency, out _) is { } reason)
        {
            return reason;
        }

        string hint = shape.Choices.Count > 0 && Nearest.Find(node.Text, shape.Choices) is { } near ? $"; did you mean '{near}'?" : "";
        return $"wants {shape.Wants}; got {node.Kind}{hint}";
    }

    private object? Record(MappingNode node, RecordShape shape, string path)
    {
        Dictionary<string, Field> fields = new(StringComparer.Ordinal);
        int before = problems.Count;
        foreach ((ScalarNode keyNode, Node valueNode) in node.Entries)
        {
            if (shape.Find(keyNode.Text) is not { } key)
            {
                string near = problems.Count < Nearest.MaxHints ? Nearest.Hint(keyNode.Text, shape.Keys.Select(k => k.Name)) : "";
                problems.Add(keyNode.Problem(path, $"has no key '{Shorten(keyNode.Text)}'{near}", DefinitionProblemKind.Structure));
                continue;
            }

            string keyPath = path.Length == 0 ? key.Name : $"{path}.{key.Name}";
            fields[key.Name] = new Field(valueNode, keyPath, Read(valueNode, key.Value, keyPath));
        }

        foreach (Key key in shape.Keys.Where(k => requireKeys && k.Required && node[k.Name] is null))
        {
            problems.Add(node.Problem(path, $"lacks '{key.Name}': {char.ToLowerInvariant(key.Description[0])}{key.Description[1..]}", DefinitionProblemKind.Structure));
        }

        RecordValue record = new(shape, node, path, fields);
        return shape.Convert is null ? record : problems.Count > before ? null : Convert(record, shape);
    }

    private object? Convert(RecordValue record, RecordShape shape)
    {
        object? value = shape.Convert!(record);
        if (value is Quantities.Estimate range && !(range.Low <= range.Value && range.Value <= range.High))
        {
            problems.Add(record.Node.Problem(record.Path, "wants low, mode and high in rising order", DefinitionProblemKind.Meaning));
            return null;
        }

        if (value is GrowthRate growth && !(growth.Factor.Low <= growth.Factor.Value && growth.Factor.Value <= growth.Factor.High))
        {
            problems.Add(record.Node.Problem(record.Path, "wants low, mode and high growth in rising order", DefinitionProblemKind.Meaning));
            return null;
        }

        return value;
    }

    private List<Field> List(SequenceNode node, ListShape shape, string path)
    {
        List<Field> items = [];
        foreach (Node item in node.Items)
        {
            string name = NodeMerge.NameOf(item) is { Length: > 0 and < 64 } named
                ? named
                : items.Count.ToString(CultureInfo.InvariantCulture);
            string itemPath = $"{path}.{name}";
            items.Add(new Field(item, itemPath, Read(item, shape.Item, itemPath)));
        }

        if (items.Count < shape.MinItems)
        {
            problems.Add(node.Problem(path, $"wants at least {shape.MinItems} entry", DefinitionProblemKind.Structure));
        }

        return items;
    }

    private static string Shorten(string text) => text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 57), "...");

    /// <summary>The number that YAML 1.2's core schema sees in a plain scalar.</summary>
    internal static bool TryNumber(string text, out double number, out bool whole)
    {
        number = 0;
        whole = false;
        if (IntegerRegex().IsMatch(text))
        {
            whole = true;
            return double.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
        }

        if (HexRegex().IsMatch(text) || OctalRegex().IsMatch(text))
        {
            whole = true;
            int radix = text[1] == 'x' ? 16 : 8;
            foreach (char digit in text.AsSpan(2))
            {
                number = (number * radix) + System.Convert.ToInt32(digit.ToString(), 16);
            }

            return true;
        }

        if (NotFiniteRegex().IsMatch(text))
        {
            number = double.PositiveInfinity;
            return true;
        }

        return FloatRegex().IsMatch(text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);
    }

    [GeneratedRegex(@"^(?:true|True|TRUE|false|False|FALSE)\z")]
    private static partial Regex BooleanRegex();

    [GeneratedRegex(@"^[-+]?[0-9]+\z")]
    private static partial Regex IntegerRegex();

    [GeneratedRegex(@"^0x[0-9a-fA-F]+\z")]
    private static partial Regex HexRegex();

    [GeneratedRegex(@"^0o[0-7]+\z")]
    private static partial Regex OctalRegex();

    [GeneratedRegex(@"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\z")]
    private static partial Regex FloatRegex();

    [GeneratedRegex(@"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\z")]
    private static partial Regex NotFiniteRegex();
}
