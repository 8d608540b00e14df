using TokenFactory.Core.Definitions.Reading;

namespace TokenFactory.Core.Definitions;

/// <summary>A key that a factory definition may have.</summary>
/// <param name="Path">Where it stands: <c>site.power</c>; a list's entry is written <c>NAME</c>: <c>tiers.NAME.price.output</c>.</param>
/// <param name="Takes">What it takes, in words.</param>
/// <param name="Description">What it means.</param>
/// <param name="Required">True when its parent is none without it.</param>
public sealed record FactoryKey(string Path, string Takes, string Description, bool Required);

/// <summary>Every key of a factory definition.</summary>
public static class FactoryKeys
{
    /// <summary>The keys in the order of the definition's sections.</summary>
    public static IReadOnlyList<FactoryKey> All { get; } = [.. Of(FactoryShape.Root, "")];

    private static IEnumerable<FactoryKey> Of(RecordShape record, string prefix)
    {
        foreach (Key key in record.Keys)
        {
            string path = prefix + key.Name;
            yield return new FactoryKey(path, key.Value.Wants, key.Description, key.Required);
            RecordShape? below = key.Value switch
            {
                RecordShape own => own,
                ListShape { Item: RecordShape item } => item,
                ChoiceShape { Record: { Convert: null } own } => own,
                _ => null,
            };
            if (below is not null)
            {
                bool list = key.Value is ListShape;
                foreach (FactoryKey inner in Of(below, $"{path}.{(list ? (below.Find("name") ?? below.Find("role")) is null ? "0." : "NAME." : "")}"))
                {
                    yield return inner;
                }
            }
        }
    }
}
