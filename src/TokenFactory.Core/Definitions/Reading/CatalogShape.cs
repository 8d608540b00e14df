using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions.Reading;

/// <summary>What the catalog's entries take, in its own data files, in a user's, and spelled out in a definition.</summary>
internal static class CatalogShape
{
    /// <summary>Precisions that arithmetic is published for, and weights are kept in.</summary>
    public static readonly string[] Precisions = ["fp32", "bf16", "fp16", "fp8", "int8", "fp4", "nvfp4", "mxfp4", "int4"];

    public static RecordShape Accelerator { get; } = WithSources("accelerator",
    [
        new Key("name", Shapes.Text(), "Its name."),
        Aliases,
        new Key("vendor", Shapes.Text("a maker's name"), "Who makes it."),
        new Key("memory", Shapes.Single(Dimension.Data, positive: true), "Device memory."),
        new Key("bandwidth", Shapes.Single(Dimension.Bandwidth, positive: true), "Memory bandwidth."),
        .. Precisions.Select(p => new Key(p, Shapes.Single(Dimension.Operations, positive: true), $"Dense arithmetic in {p}.")),
        new Key("power", Shapes.Single(Dimension.Power, positive: true), "Board power."),
        new Key("allInPower", Shapes.Single(Dimension.Power, positive: true), "Power at the meter per accelerator, with its share of the system."),
        new Key("scaleUp", Shapes.Single(Dimension.Bandwidth, positive: true), "Bandwidth of the link to its neighbours, one way."),
        new Key("rates", new RecordShape("rates",
        [
            new Key("owned-hyperscaler", Shapes.Single(Dimension.MoneyPerHour), "Cost per accelerator-hour in US dollars when a hyperscaler owns it."),
            new Key("owned-neocloud", Shapes.Single(Dimension.MoneyPerHour), "Cost per accelerator-hour in US dollars when a neocloud owns it."),
            new Key("rented-3y", Shapes.Single(Dimension.MoneyPerHour), "Rent per accelerator-hour in US dollars for three years."),
        ]), "Cost per accelerator-hour by who pays."),
    ]);

    public static RecordShape Architecture { get; } = WithSources("architecture",
    [
        new Key("name", Shapes.Text(), "Its name."),
        Aliases,
        new Key("parameters", Shapes.Single(Dimension.Tokens, positive: true), "Total parameters, such as 70.6G; computed from the shape when absent."),
        new Key("activeParameters", Shapes.Single(Dimension.Tokens, positive: true), "Parameters that one token uses; computed from the shape when absent."),
        new Key("layers", Size(10_000), "Decoder layers."),
        new Key("hidden", Size(), "Hidden size."),
        new Key("heads", Size(), "Query heads."),
        new Key("kvHeads", Size(), "Key and value heads."),
        new Key("headSize", Size(), "Elements of a head; hidden / heads when absent."),
        new Key("intermediate", Size(), "Feed-forward width of the dense layers."),
        new Key("vocabulary", Size(), "Vocabulary size."),
        new Key("context", Shapes.Single(Dimension.Tokens, positive: true), "Longest context in tokens."),
        new Key("tied", Shapes.Flag, "True when the output head shares the embedding's weights."),
        new Key("denseLayers", Size(10_000, 0), "First layers of a mixture that have a dense feed-forward."),
        new Key("experts", Size(), "Routed experts of a layer."),
        new Key("expertsPerToken", Size(), "Routed experts that one token uses."),
        new Key("expertIntermediate", Size(), "Feed-forward width of an expert."),
        new Key("sharedExperts", Size(10_000, 0), "Experts that every token uses besides, each of an expert's width."),
        new Key("ungated", Shapes.Flag, "True when the feed-forward has two matrices instead of three."),
        new Key("latent", new RecordShape("latentAttention",
        [
            new Key("keyValue", Size(), "Rank of the compressed keys and values.", Required: true),
            new Key("query", Size(), "Rank of the compressed queries; absent when they are not compressed."),
            new Key("position", Size(), "Elements of a head's rotary part.", Required: true),
            new Key("key", Size(), "Elements of a head's part without position.", Required: true),
            new Key("value", Size(), "Elements of a head's value.", Required: true),
        ]), "Latent attention: what is kept per token is the compressed entry."),
        new Key("window", Size(), "Tokens that a layer of sliding attention looks back."),
        new Key("windowLayers", Size(10_000, 0), "Layers of sliding attention."),
    ]);

    public static RecordShape Workload { get; } = new("workload",
    [
        new Key("name", Shapes.Text(), "Its name."),
        Aliases,
        new Key("input", Shapes.Single(Dimension.Tokens, positive: true), "Mean input tokens of a request, cached ones included.", Required: true),
        new Key("output", Shapes.Single(Dimension.Tokens, positive: true), "Mean output tokens of a request.", Required: true),
        new Key("cacheHit", Shapes.SingleShare(), "Share of the input tokens that are cached."),
        new Key("source", Shapes.Text("a source in words"), "Where the figures are from."),
        new Key("assumed", Shapes.Flag, "True when the figures have no source."),
    ]);

    /// <summary>A catalog file: the module's own or a user's.</summary>
    public static RecordShape File { get; } = new("catalog",
    [
        new Key("accelerators", new ListShape(Named(Accelerator)), "Accelerators."),
        new Key("architectures", new ListShape(Named(Architecture)), "Model architectures."),
        new Key("workloads", new ListShape(Named(Workload)), "Workload profiles."),
    ]);

    private static Key Aliases => new("aliases", new ListShape(Shapes.Text()), "Other names it goes by.");

    /// <summary>The same record where a name is required.</summary>
    public static RecordShape Named(RecordShape shape) => new($"{shape.Name}Entry",
        [.. shape.Keys.Select(k => k.Name == "name" ? k with { Required = true } : k)]);

    private static ScalarShape Size(long maximum = 100_000_000, long minimum = 1) => Shapes.Count("a whole number", minimum, maximum);

    private static RecordShape WithSources(string name, Key[] keys) => new(name,
    [
        .. keys,
        new Key("sources", new RecordShape($"{name}Sources",
        [
            new Key("all", Shapes.Text("a source in words"), "Source of every figure that has none of its own."),
            .. keys.Where(k => k.Name is not ("name" or "aliases")).Select(k => new Key(k.Name, Shapes.Text("a source in words"), $"Source of {k.Name}, and what contradicts it.")),
        ]), "Where each figure is from."),
    ]);
}
