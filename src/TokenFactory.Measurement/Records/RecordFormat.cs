namespace TokenFactory.Measurement.Records;

/// <summary>The names and the version of the raw record format; <c>docs/metrics.md</c> describes it.</summary>
internal static class RecordFormat
{
    public const string Name = "tokenfactory-throughput";

    /// <summary>Readers take this version and older ones; a newer one is refused.</summary>
    public const int Version = 1;

    public const string PartialSuffix = ".partial";
}
