using System.Buffers;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace TokenFactory.Core.Definitions.Reading;

/// <summary>Reads YAML text into nodes, within limits that no honest definition meets and no hostile one passes.</summary>
/// <remarks>
/// An alias shares its node, so that memory stays small; what aliases expand to is counted and bounded. Mistakes that leave
/// the rest readable (a duplicate key) are collected; what the parser can't go on from is one problem.
/// </remarks>
internal sealed partial class NodeReader
{
    private const int MaxDepth = 24;
    private const int MaxNodes = 20_000;
    private const int MaxScalar = 16 * 1024;

    private static readonly SearchValues<char> s_control = SearchValues.Create(
        [.. Enumerable.Range(0, 0xA0).Select(c => (char)c).Where(c => char.IsControl(c) && c is not ('\t' or '\n' or '\r' or '\u0085'))]);

    private readonly SourceText _source;
    private readonly ICollection<DefinitionProblem> _problems;
    private readonly Dictionary<string, Node> _anchors = new(StringComparer.Ordinal);
    private readonly Parser _parser;
    private long _size;

    private NodeReader(SourceText source, ICollection<DefinitionProblem> problems)
    {
        _source = source;
        _problems = problems;
        _parser = new Parser(new StringReader(source.Text));
    }

    /// <summary>Reads the text's only document; null when it has none or can't be read, with the reason in the problems.</summary>
    public static Node? Read(SourceText source, ICollection<DefinitionProblem> problems)
    {
        if (source.Text.Length > SourceText.MaxBytes)
        {
            problems.Add(Fatal(source, 1, 1, $"is longer than {SourceText.MaxBytes / 1024} KiB; a factory definition is not"));
            return null;
        }

        int control = source.Text.AsSpan().IndexOfAny(s_control);
        if (control >= 0)
        {
            ReadOnlySpan<char> before = source.Text.AsSpan(0, control);
            problems.Add(Fatal(source, before.Count('\n') + 1, control - before.LastIndexOf('\n'),
                $"has the control character U+{(int)source.Text[control]:X4}; it is damaged or no text. Remove the character"));
            return null;
        }

        if (TabIndent().Match(source.Text) is { Success: true } tab)
        {
            int line = source.Text.AsSpan(0, tab.Index).Count('\n') + 1;
            problems.Add(Fatal(source, line, tab.Length, "is indented with a tab; YAML wants spaces"));
            return null;
        }

        var reader = new NodeReader(source, problems);
        try
        {
            return reader.Document();
        }
        catch (YamlException e)
        {
            // The end of the text may be given as the line after it.
            string[] lines = source.Text.Split('\n');
            bool beyond = e.Start.Line > lines.Length;
            problems.Add(Fatal(source, beyond ? lines.Length : (int)e.Start.Line, beyond ? lines[^1].Length + 1 : (int)e.Start.Column, Explain(e)));
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The parser's scanner gives up in its own ways on some texts that are no YAML.
            Mark at = reader._parser.Current?.End ?? Mark.Empty;
            problems.Add(Fatal(source, (int)at.Line, (int)at.Column, "is no YAML here, or shortly after"));
            return null;
        }
        catch (LimitException e)
        {
            problems.Add(Fatal(source, e.Line, e.Column, e.Message));
            return null;
        }
    }

    private static DefinitionProblem Fatal(SourceText source, int line, int column, string message) =>
        new(source.Name, Math.Max(1, line), Math.Max(1, column), "", message, source.Pointer(line, column, 1), DefinitionProblemKind.Syntax);

    private static string Explain(YamlException e)
    {
        string message = e.Message;
        return $"is no YAML here: {char.ToLowerInvariant(message[0])}{message[1..].TrimEnd('.')}";
    }

    // Some tabs are YAML (in a flow over several lines), but nobody sees which: none is taken.
    [GeneratedRegex(@"^ *\t(?=[\t ]*[^\s#])", RegexOptions.Multiline)]
    private static partial Regex TabIndent();

    private Node? Document()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
        {
            _problems.Add(Fatal(_source, 1, 1, "is empty; a definition starts with factory: NAME"));
            return null;
        }

        Node root = Next(0);
        _parser.Consume<DocumentEnd>();
        return _parser.Accept<DocumentStart>(out DocumentStart? second)
            ? throw new LimitException(second.Start, "has a second document here; a definition is one")
            : root;
    }

    private Node Next(int depth)
    {
        ParsingEvent current = _parser.Current ?? throw new YamlException("the text ends too early");
        if (depth > MaxDepth)
        {
            throw new LimitException(current.Start, $"is nested deeper than {MaxDepth} levels; a definition needs 5");
        }

        if (current is AnchorAlias alias)
        {
            _parser.MoveNext();
            Node target = _anchors.TryGetValue(alias.Value.Value, out Node? known)
                ? known
                : throw new LimitException(alias.Start, $"has no anchor &{alias.Value.Value} above this alias");
            Grow(alias, target.Size);
            return target;
        }

        Grow(current, 1);
        Node node = current switch
        {
            Scalar => Value(),
            MappingStart => Mapping(depth),
            SequenceStart => Sequence(depth),
            _ => throw new YamlException(current.Start, current.End, $"unexpected {current}"),
        };
        if (current is NodeEvent { Anchor: { IsEmpty: false } anchor })
        {
            _anchors[anchor.Value] = node;
        }

        return node;
    }

    private ScalarNode Value()
    {
        Scalar scalar = _parser.Consume<Scalar>();
        if (scalar.Value.Length > MaxScalar)
        {
            throw new LimitException(scalar.Start, $"has a value of {scalar.Value.Length} characters; the longest is {MaxScalar}");
        }

        int length = scalar.End.Line == scalar.Start.Line ? (int)(scalar.End.Column - scalar.Start.Column) : 1;
        bool plain = scalar is { Style: ScalarStyle.Plain, Tag.IsEmpty: true };
        return new ScalarNode(_source, (int)scalar.Start.Line, (int)scalar.Start.Column, Math.Max(1, length), scalar.Value, plain);
    }

    private MappingNode Mapping(int depth)
    {
        MappingStart start = _parser.Consume<MappingStart>();
        List<(ScalarNode, Node)> entries = [];
        Dictionary<string, ScalarNode> seen = new(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            Node keyNode = Next(depth + 1);
            if (keyNode is not ScalarNode key)
            {
                throw new LimitException(start.Start, "has a list or mapping as a key; a key is a word");
            }

            Node value = Next(depth + 1);
            if (seen.TryGetValue(key.Text, out ScalarNode? first))
            {
                _problems.Add(key.Problem("", $"'{key.Text}' is here twice; the first is in line {first.Line}. Remove one", DefinitionProblemKind.Syntax));
                continue;
            }

            seen.Add(key.Text, key);
            entries.Add((key, value));
        }

        return new MappingNode(_source, (int)start.Start.Line, (int)start.Start.Column, entries);
    }

    private SequenceNode Sequence(int depth)
    {
        SequenceStart start = _parser.Consume<SequenceStart>();
        List<Node> items = [];
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(Next(depth + 1));
        }

        return new SequenceNode(_source, (int)start.Start.Line, (int)start.Start.Column, items);
    }

    private void Grow(ParsingEvent at, long size)
    {
        _size += size;
        if (_size > MaxNodes)
        {
            throw new LimitException(at.Start, $"has more than {MaxNodes} values, aliases expanded");
        }
    }

    private sealed class LimitException(Mark at, string message) : Exception(message)
    {
        public int Line { get; } = (int)at.Line;

        public int Column { get; } = (int)at.Column;
    }
}
