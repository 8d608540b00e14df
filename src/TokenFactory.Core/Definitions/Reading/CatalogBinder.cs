using TokenFactory.Core.Catalog;
using TokenFactory.Core.Models;

namespace TokenFactory.Core.Definitions.Reading;

/// <summary>Makes catalog records of values that were read.</summary>
internal static class CatalogBinder
{
    private static readonly string[] s_rates = ["owned-hyperscaler", "owned-neocloud", "rented-3y"];

    public static AcceleratorSpecification Accelerator(RecordValue v, FigureSource source, string? name = null) => new()
    {
        Name = v.Text("name") ?? name!,
        Aliases = [.. v.List<string>("aliases")],
        Vendor = v.Text("vendor"),
        MemoryBytes = v.Number("memory"),
        MemoryBytesPerSecond = v.Number("bandwidth"),
        OperationsPerSecond = Numbers(v, CatalogShape.Precisions),
        BoardPowerWatts = v.Number("power"),
        AllInPowerWatts = v.Number("allInPower"),
        ScaleUpBytesPerSecond = v.Number("scaleUp"),
        RatesPerHourUsd = v.Record("rates") is { } rates ? Numbers(rates, s_rates) : new Dictionary<string, double>(),
        Sources = Sources(v),
        Source = source,
    };

    public static ArchitectureSpecification Architecture(RecordValue v, FigureSource source, string? name = null)
    {
        RecordValue? latent = v.Record("latent");
        return ArchitectureFigures.Complete(new ArchitectureSpecification
        {
            Name = v.Text("name") ?? name!,
            Aliases = [.. v.List<string>("aliases")],
            Parameters = v.Number("parameters") ?? 0,
            ActiveParameters = v.Number("activeParameters"),
            Layers = Int(v, "layers"),
            HiddenSize = Int(v, "hidden"),
            AttentionHeads = Int(v, "heads"),
            KeyValueHeads = Int(v, "kvHeads"),
            HeadSize = Int(v, "headSize"),
            LatentKeyValueSize = latent is null ? null : Int(latent, "keyValue") + Int(latent, "position"),
            LatentPositionSize = latent is null ? null : Int(latent, "position"),
            LatentQuerySize = latent is null ? null : Int(latent, "query"),
            LatentKeyHeadSize = latent is null ? null : Int(latent, "key"),
            LatentValueHeadSize = latent is null ? null : Int(latent, "value"),
            IntermediateSize = Int(v, "intermediate"),
            IsFeedForwardGated = !v.Flag("ungated"),
            DenseLayers = Int(v, "denseLayers"),
            Experts = Int(v, "experts"),
            ExpertsPerToken = Int(v, "expertsPerToken"),
            ExpertIntermediateSize = Int(v, "expertIntermediate"),
            SharedExperts = Int(v, "sharedExperts"),
            VocabularySize = Int(v, "vocabulary"),
            IsEmbeddingTied = v.Flag("tied"),
            ContextTokens = (long?)v.Number("context"),
            WindowTokens = Int(v, "window"),
            WindowLayers = Int(v, "windowLayers"),
            Sources = Sources(v),
            Source = source,
        });
    }

    public static WorkloadProfile Workload(RecordValue v, FigureSource source) => new()
    {
        Name = v.Text("name"),
        Aliases = [.. v.List<string>("aliases")],
        InputTokens = v.Number("input")!.Value,
        OutputTokens = v.Number("output")!.Value,
        CacheHitRatio = v.Number("cacheHit") ?? 0,
        Assumed = v.Flag("assumed"),
        SourceDetail = v.Text("source"),
        Source = source,
    };

    private static int? Int(RecordValue v, string key) => (int?)v.Count(key);

    private static Dictionary<string, double> Numbers(RecordValue v, IEnumerable<string> keys)
    {
        Dictionary<string, double> numbers = new(StringComparer.OrdinalIgnoreCase);
        foreach (string key in keys)
        {
            if (v.Number(key) is { } number)
            {
                numbers[key] = number;
            }
        }

        return numbers;
    }

    private static Dictionary<string, string> Sources(RecordValue v)
    {
        Dictionary<string, string> sources = new(StringComparer.OrdinalIgnoreCase);
        foreach ((string key, Field field) in v.Record("sources")?.Fields ?? new Dictionary<string, Field>())
        {
            if (field.Value is string text)
            {
                sources[key == "all" ? "*" : key] = text;
            }
        }

        return sources;
    }
}
