namespace TokenFactory.Core.Catalog;

/// <summary>Published figures of one accelerator, dense arithmetic, each with its source.</summary>
public sealed record AcceleratorSpecification
{
    /// <summary>Its name, for example <c>H200 SXM</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Other names it goes by.</summary>
    public IReadOnlyList<string> Aliases { get; init => field = value.ToIndexable(); } = [];

    /// <summary>Who makes it.</summary>
    public string? Vendor { get; init; }

    /// <summary>Device memory, bytes.</summary>
    public double? MemoryBytes { get; init; }

    /// <summary>Memory bandwidth, bytes/s.</summary>
    public double? MemoryBytesPerSecond { get; init; }

    /// <summary>Dense operations/s by precision in lower case (bf16, fp8, fp4, int8).</summary>
    public IReadOnlyDictionary<string, double> OperationsPerSecond { get; init; } = new Dictionary<string, double>();

    /// <summary>Board power, watts.</summary>
    public double? BoardPowerWatts { get; init; }

    /// <summary>Watts per accelerator at the meter with its share of the system.</summary>
    public double? AllInPowerWatts { get; init; }

    /// <summary>Scale-up link, bytes/s one way.</summary>
    public double? ScaleUpBytesPerSecond { get; init; }

    /// <summary>Money per accelerator-hour in US dollars by basis: owned-hyperscaler, owned-neocloud, rented-3y.</summary>
    public IReadOnlyDictionary<string, double> RatesPerHourUsd { get; init; } = new Dictionary<string, double>();

    /// <summary>Source of each figure, by property name; conflicts between sources are said here.</summary>
    public IReadOnlyDictionary<string, string> Sources { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the figures came from as a whole.</summary>
    public FigureSource Source { get; init; } = FigureSource.Catalog;
}
