using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions.Reading;

/// <summary>A value that was read, with the node it came from.</summary>
internal sealed record Field(Node Node, string Path, object? Value);

/// <summary>The values of a record's keys. Asking for a key that its shape lacks is a bug and throws.</summary>
internal sealed class RecordValue(RecordShape shape, Node node, string path, IReadOnlyDictionary<string, Field> fields)
{
    public RecordShape Shape { get; } = shape;

    public Node Node { get; } = node;

    public string Path { get; } = path;

    public IReadOnlyDictionary<string, Field> Fields { get; } = fields;

    /// <summary>The key's value with its place; null when it is absent or was refused.</summary>
    public Field? this[string key]
    {
        get
        {
            _ = Shape.Find(key) ?? throw new InvalidOperationException($"{Shape.Name} has no key {key}.");
            return Fields.GetValueOrDefault(key);
        }
    }

    public Estimate? Estimate(string key) => this[key]?.Value is Estimate value ? value : null;

    public double? Number(string key) => this[key]?.Value is Estimate value ? value.Value : null;

    public string? Text(string key) => this[key]?.Value as string;

    public bool Flag(string key) => this[key]?.Value is true;

    public long? Count(string key) => this[key]?.Value is long value ? value : null;

    public T? Get<T>(string key)
        where T : struct => this[key]?.Value is T value ? value : null;

    public RecordValue? Record(string key) => this[key]?.Value as RecordValue;

    /// <summary>The key's records; empty when it is absent. One record counts as a list of one.</summary>
    public IEnumerable<RecordValue> Records(string key) => List<RecordValue>(key);

    /// <summary>The key's values of a type; empty when it is absent. One value counts as a list of one.</summary>
    public IEnumerable<T> List<T>(string key) => this[key]?.Value switch
    {
        IReadOnlyList<Field> list => list.Select(f => f.Value).OfType<T>(),
        T one => [one],
        _ => [],
    };
}
