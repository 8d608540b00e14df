namespace TokenFactory.Measurement.Reports;

/// <summary>The objects that a report is made from, in the order in which they came.</summary>
/// <param name="items">The objects.</param>
internal sealed class ReportItems(IReadOnlyList<object> items)
{
    /// <summary>All of them.</summary>
    public IReadOnlyList<object> All => items;

    /// <summary>Those of one type.</summary>
    /// <typeparam name="T">The type.</typeparam>
    public IReadOnlyList<T> Of<T>() => [.. items.OfType<T>()];
}
