namespace TokenFactory.Core.Definitions.Reading;

/// <summary>A piece of YAML with its place. Nodes are never changed: merging makes new ones.</summary>
internal abstract class Node(SourceText source, int line, int column, int length)
{
    public SourceText Source { get; } = source;

    public int Line { get; } = line;

    public int Column { get; } = column;

    /// <summary>Columns to mark in a pointer.</summary>
    public int Length { get; } = length;

    /// <summary>Nodes in it with aliases expanded.</summary>
    public abstract long Size { get; }

    /// <summary>What kind of thing it is, in an error's words.</summary>
    public abstract string Kind { get; }

    public DefinitionProblem Problem(string path, string message, DefinitionProblemKind kind) =>
        new(Source.Name, Line, Column, Shown(path), Shown(message), Source.Pointer(Line, Column, Length), kind);

    // An escape in a quoted text could colour or clear the terminal that an error is read on.
    private static string Shown(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c)) : text;
}

internal sealed class ScalarNode(SourceText source, int line, int column, int length, string text, bool isPlain)
    : Node(source, line, column, length)
{
    public string Text { get; } = text;

    /// <summary>True when it is written without quotes, so that it may be a number, a Boolean or nothing.</summary>
    public bool IsPlain { get; } = isPlain;

    public override long Size => 1;

    public bool IsNull => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";

    public override string Kind => IsNull ? "nothing" : $"'{(Text.Length > 60 ? Text[..57] + "..." : Text)}'";
}

internal sealed class MappingNode : Node
{
    public MappingNode(SourceText source, int line, int column, IReadOnlyList<(ScalarNode Key, Node Value)> entries)
        : base(source, line, column, 1)
    {
        Entries = entries;
        Size = 1 + entries.Sum(e => 1 + e.Value.Size);
    }

    public IReadOnlyList<(ScalarNode Key, Node Value)> Entries { get; }

    public override long Size { get; }

    public override string Kind => "keys and values";

    public Node? this[string key] => Entries.FirstOrDefault(e => e.Key.Text == key).Value;

    /// <summary>The same mapping with one entry replaced or added.</summary>
    public MappingNode With(ScalarNode key, Node value)
    {
        (ScalarNode Key, Node Value)[] entries = [.. Entries];
        int at = Array.FindIndex(entries, e => e.Key.Text == key.Text);
        if (at < 0)
        {
            return new MappingNode(Source, Line, Column, [.. entries, (key, value)]);
        }

        entries[at] = (entries[at].Key, value);
        return new MappingNode(Source, Line, Column, entries);
    }
}

internal sealed class SequenceNode : Node
{
    public SequenceNode(SourceText source, int line, int column, IReadOnlyList<Node> items)
        : base(source, line, column, 1)
    {
        Items = items;
        Size = 1 + items.Sum(i => i.Size);
    }

    public IReadOnlyList<Node> Items { get; }

    public override long Size { get; }

    public override string Kind => "a list";
}
