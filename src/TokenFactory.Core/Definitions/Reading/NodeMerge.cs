namespace TokenFactory.Core.Definitions.Reading;

/// <summary>Lays one piece of YAML over another.</summary>
internal static class NodeMerge
{
    /// <summary>Keys of the overlay replace; mappings merge; lists whose entries have names merge by name, other lists are replaced.</summary>
    public static Node Merge(Node below, Node above) => (below, above) switch
    {
        (MappingNode b, MappingNode a) => a.Entries.Aggregate(b, (merged, e) => merged.With(e.Key, merged[e.Key.Text] is { } old ? Merge(old, e.Value) : e.Value)),
        (SequenceNode b, SequenceNode a) when Named(b) && Named(a) => List(b, a),
        _ => above,
    };

    private static SequenceNode List(SequenceNode below, SequenceNode above)
    {
        List<Node> items = [.. below.Items];
        foreach (MappingNode item in above.Items.Cast<MappingNode>())
        {
            int at = items.FindIndex(i => string.Equals(NameOf(i), NameOf(item), StringComparison.OrdinalIgnoreCase));
            if (at < 0)
            {
                items.Add(item);
            }
            else
            {
                items[at] = Merge(items[at], item);
            }
        }

        return new SequenceNode(below.Source, below.Line, below.Column, items);
    }

    /// <summary>The name of a list's entry; null when it has none.</summary>
    public static string? NameOf(Node item) => (((item as MappingNode)?["name"] ?? (item as MappingNode)?["role"]) as ScalarNode)?.Text;

    private static bool Named(SequenceNode list) => list.Items.All(i => NameOf(i) is not null);
}
