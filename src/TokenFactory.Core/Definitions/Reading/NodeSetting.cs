using System.Globalization;
using System.Text.RegularExpressions;

namespace TokenFactory.Core.Definitions.Reading;

/// <summary>Changes single values of a definition: <c>tiers.premium.price.output=30 USD/Mtok</c>.</summary>
/// <remarks>Entries of a list are addressed by name or by index from 0; a part with a dot in it stands in brackets: <c>tiers[gpt-4.1].power</c>.</remarks>
internal static partial class NodeSetting
{
    /// <summary>The tree with the setting applied; a setting that leads nowhere is a problem.</summary>
    public static Node Apply(Node root, string setting, ICollection<DefinitionProblem> problems)
    {
        SourceText source = new($"-Set '{setting}'", setting);
        int equals = setting.IndexOf('=', StringComparison.Ordinal);
        Match match = PathRegex().Match(equals < 0 ? setting : setting[..equals]);
        if (equals < 0 || !match.Success)
        {
            problems.Add(new DefinitionProblem(source.Name, 1, 1, "", "is no setting; write key.key=value, such as site.power=2 GW",
                source.Pointer(1, 1, setting.Length), DefinitionProblemKind.Syntax));
            return root;
        }

        // The value is read where it stands, so that its mistakes point into the setting's own text.
        string padded = new string(' ', equals + 1) + setting[(equals + 1)..];
        if (NodeReader.Read(new SourceText(source.Name, padded, setting), problems) is not { } value)
        {
            return root;
        }

        ScalarNode[] path = [.. match.Groups[1].Captures.Select(c => new ScalarNode(source, 1, c.Index + 1, c.Length, c.Value, false))];
        return Replace(root, path, value, "", problems) ?? root;
    }

    private static Node? Replace(Node node, ReadOnlySpan<ScalarNode> path, Node value, string where, ICollection<DefinitionProblem> problems)
    {
        if (path.IsEmpty)
        {
            return value;
        }

        ScalarNode part = path[0];
        string next = where.Length == 0 ? part.Text : $"{where}.{part.Text}";
        switch (node)
        {
            case MappingNode mapping:
                Node below = mapping[part.Text] ?? new MappingNode(part.Source, part.Line, part.Column, []);
                return Replace(below, path[1..], value, next, problems) is { } changed ? mapping.With(part, changed) : null;
            case SequenceNode list:
                int at = Index(list, part.Text);
                if (at < 0)
                {
                    problems.Add(part.Problem(where, $"has no entry '{part.Text}'{Nearest.Hint(part.Text, list.Items.Select(NodeMerge.NameOf).OfType<string>())}", DefinitionProblemKind.Meaning));
                    return null;
                }

                Node[] items = [.. list.Items];
                if (Replace(items[at], path[1..], value, next, problems) is not { } item)
                {
                    return null;
                }

                items[at] = item;
                return new SequenceNode(list.Source, list.Line, list.Column, items);
            default:
                problems.Add(part.Problem(where, $"is {node.Kind} here and has no keys; set {where} as a whole", DefinitionProblemKind.Meaning));
                return null;
        }
    }

    private static int Index(SequenceNode list, string part)
    {
        for (int i = 0; i < list.Items.Count; i++)
        {
            if (string.Equals(NodeMerge.NameOf(list.Items[i]), part, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < list.Items.Count ? index : -1;
    }

    [GeneratedRegex(@"^\s*(?:(?:^\s*|\.)(?<1>[^.=\[\]\s]+)|\[['""]?(?<1>[^\]'""]+)['""]?\])+\s*$")]
    private static partial Regex PathRegex();
}
