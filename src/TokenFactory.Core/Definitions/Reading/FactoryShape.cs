using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions.Reading;

/// <summary>Every key of a factory definition: the one description that reader, schema and documentation are made from.</summary>
internal static class FactoryShape
{
    private static readonly Key s_assumed = new("assumed", Shapes.Flag, "True when the figures have no source.");
    private static readonly Key s_source = new("source", Shapes.Text("a source in words"), "Where the figures are from.");

    private static readonly RecordShape s_site = new("site",
    [
        new Key("power", Shapes.Ranged(Dimension.Power, positive: true), "Power at the meter."),
        new Key("pue", Shapes.Ranged(Dimension.Factor, minimum: 1), "Facility power divided by IT power. All-in power has it inside already."),
        new Key("energyPrice", Shapes.Ranged(Dimension.EnergyPrice), "Price of energy."),
        new Key("facility", Shapes.Ranged(Dimension.MoneyPerMegawatt), "Buildings and power, per megawatt at the meter."),
        new Key("racks", Shapes.Count("a whole number of racks", 0, 100_000_000), "Floor space: hardware units that fit."),
        new Key("spare", new ScalarShape("N-1, N-2 or N", Spare) { Pattern = "^[nN](?:-[0-9]{1,2})?$", Choices = ["N", "N-1", "N-2"] },
            "Units of each hardware that may be down while capacity holds."),
        new Key("budget", Shapes.Ranged(Dimension.Money), "Capital that may be spent."),
    ]);

    private static readonly RecordShape s_finance = new("finance",
    [
        new Key("lifetime", Shapes.Ranged(Dimension.Years, positive: true), "Time over which hardware is paid."),
        new Key("facilityLifetime", Shapes.Ranged(Dimension.Years, positive: true), "Time over which the facility is paid."),
        new Key("discountRate", Shapes.Ranged(Dimension.Ratio), "Discount rate a year."),
        new Key("utilization", Shapes.RangedShare(positive: true), "Share of capacity hours that produce sold tokens; 100 % when absent."),
        new Key("staff", Shapes.Ranged(Dimension.MoneyPerYear), "Staff."),
    ]);

    private static readonly RecordShape s_hardware = new("hardware",
    [
        new Key("name", Shapes.Text(), "Its name in this definition.", Required: true),
        new Key("accelerator", new ChoiceShape(Shapes.Text("an accelerator's name"), CatalogShape.Accelerator, null),
            "The accelerator: a name of the catalog or of this definition, or its figures."),
        new Key("allInPower", Shapes.Ranged(Dimension.Power, positive: true), "Power at the meter per accelerator, with its share of CPU, network and cooling."),
        new Key("price", Shapes.Ranged(Dimension.Money), "Price per accelerator, all-in."),
        new Key("rate", Shapes.Ranged(Dimension.MoneyPerHour), "Rent per accelerator."),
        new Key("count", Shapes.Count("a whole number of accelerators"), "Accelerators that are there; absent: what the plan buys."),
        new Key("unit", Shapes.Count("a whole number of accelerators", 1, 1_000_000), "Accelerators in a unit that is bought whole, such as a rack."),
        s_assumed,
        s_source,
    ]);

    private static readonly RecordShape s_model = new("model",
    [
        new Key("name", Shapes.Text(), "Its name in this definition.", Required: true),
        new Key("architecture", new ChoiceShape(Shapes.Text("an architecture's name"), CatalogShape.Architecture, null),
            "Its shape: a name of the catalog or of this definition, or its figures."),
        new Key("precision", Shapes.Word(CatalogShape.Precisions), "Precision of its weights."),
    ]);

    private static readonly RecordShape s_price = new("price",
    [
        new Key("input", Shapes.Ranged(Dimension.MoneyPerMillionTokens), "Price of uncached input."),
        new Key("cachedInput", Shapes.Ranged(Dimension.MoneyPerMillionTokens), "Price of cached input; the input price when absent."),
        new Key("output", Shapes.Ranged(Dimension.MoneyPerMillionTokens), "Price of output."),
    ]);

    private static readonly RecordShape s_service = new("service",
    [
        new Key("ttft", Shapes.Single(Dimension.Duration, positive: true), "Longest time to the first fragment, at P90."),
        new Key("interactivity", Shapes.Single(Dimension.TokensPerSecondPerUser, positive: true), "Slowest tokens per second of a user, at P90."),
    ]);

    private static readonly RecordShape s_production = new("production",
    [
        new Key("output", Shapes.Ranged(Dimension.TokensPerSecondPerAccelerator, positive: true),
            "Output throughput of an accelerator, prefill included; of one that only decodes where input is given.", Required: true),
        new Key("input", Shapes.Ranged(Dimension.TokensPerSecondPerAccelerator, positive: true), "Uncached input throughput of an accelerator that only prefills."),
        new Key("interactivity", Shapes.Single(Dimension.TokensPerSecondPerUser, positive: true), "Tokens per second of a user at this point."),
        new Key("ttft", Shapes.Single(Dimension.Duration, positive: true), "Time to the first fragment at this point; unknown when absent."),
        new Key("power", Shapes.Single(Dimension.Power, positive: true), "Power at the meter per accelerator at this point."),
        new Key("batch", Shapes.Count("a whole number of sequences", 1, 1_000_000), "Sequences in one decode step."),
        new Key("hardware", Shapes.Text(), "The hardware it holds on; any when absent."),
        new Key("model", Shapes.Text(), "The model it holds for; the tier's when absent."),
        new Key("precision", Shapes.Word(CatalogShape.Precisions), "Precision it holds for."),
        new Key("parallelism", Shapes.Text("parallelism such as TP8"), "How the model is split, as engines write it."),
        s_assumed,
        s_source,
    ]);

    private static readonly RecordShape s_demand = new("demand",
    [
        new Key("mean", Shapes.Ranged(Dimension.TokensPerDay), "Mean demand for output tokens."),
        new Key("min", Shapes.Ranged(Dimension.TokensPerDay), "Demand that must be served."),
        new Key("max", Shapes.Ranged(Dimension.TokensPerDay), "Most that can be sold: the demand where there is no mean; beside a mean it bounds it."),
        new Key("peakToMean", Shapes.Ranged(Dimension.Factor, minimum: 1), "Peak rate divided by mean rate."),
    ]);

    private static readonly ChoiceShape s_growth = Shapes.Growth with { List = new ListShape(Shapes.Growth) };

    private static readonly RecordShape s_tier = new("tier",
    [
        new Key("name", Shapes.Text(), "The grade's name.", Required: true),
        new Key("model", Shapes.Text(), "The model that serves it."),
        new Key("hardware", Shapes.Text(), "The hardware it runs on; absent: the planner chooses."),
        new Key("context", Shapes.Single(Dimension.Tokens, positive: true), "Longest context that the grade promises, in tokens."),
        new Key("quality", Shapes.Text("a score or a word"), "A quality score or word."),
        new Key("price", s_price, "Prices of its tokens."),
        new Key("workload", new ChoiceShape(Shapes.Text("a workload's name"), CatalogShape.Workload, null), "The shape of its requests: a named profile, or its figures."),
        new Key("service", s_service, "What it promises."),
        new Key("production", new ChoiceShape(null, s_production, new ListShape(s_production)), "A declared operating point, or several."),
        new Key("demand", new ChoiceShape(Shapes.Ranged(Dimension.TokensPerDay).Scalar, s_demand, null), "Demand for output tokens; absent: all that can be made is sold."),
        new Key("growth", s_growth, "Growth of the demand; a list multiplies."),
        new Key("priceChange", Shapes.Growth, "Change of this tier's prices over time; the outlook's when absent."),
        new Key("power", Shapes.SingleShare(), "A fixed share of the site's power; absent: the planner decides."),
    ]);

    private static readonly RecordShape s_outlook = new("outlook",
    [
        new Key("start", Shapes.Date, "First day of the first period."),
        new Key("steps", new RecordShape("steps",
        [
            new Key("every", new ScalarShape(Dimension.Months.Wants, Months) { Pattern = "^[0-9]{1,3} {0,4}(?:months?|quarters?|y|yr|years?)$" }, "Length of a period."),
            new Key("count", Shapes.Count("a whole number of periods", 1, 600), "Number of periods."),
        ]), "The periods."),
        new Key("build", new ListShape(new RecordShape("buildStep",
        [
            new Key("at", Shapes.Date, "The date.", Required: true),
            new Key("power", Shapes.Ranged(Dimension.Power), "Total power at the meter from then on.", Required: true),
        ])), "The total power at the meter from each date on."),
        new Key("priceChange", Shapes.Growth, "Change of all prices over time."),
        new Key("softwareSpeedup", Shapes.Growth, "Growth of throughput on the same hardware by software."),
    ]);

    private static readonly RecordShape s_people = new("people",
    [
        new Key("role", Shapes.Text(), "The role's name.", Required: true),
        new Key("count", Shapes.Ranged(Dimension.Factor), "How many people have it; one when absent."),
        new Key("tokens", Shapes.Ranged(Dimension.TokensPerDay), "Output tokens that one of them uses over time.", Required: true),
        new Key("tier", Shapes.Text(), "The tier that serves them; absent: the definition's only one."),
    ]);

    /// <summary>The whole definition.</summary>
    public static RecordShape Root { get; } = new("factory",
    [
        new Key("factory", Shapes.Text(), "The factory's name.", Required: true),
        new Key("currency", Shapes.Currency, "ISO code of the currency that all money is in; USD when absent."),
        new Key("site", s_site, "Power, energy, space and capital of the site."),
        new Key("finance", s_finance, "Lifetimes, discount rate, utilization and staff."),
        new Key("hardware", new ListShape(s_hardware), "The kinds of hardware that there are or may be bought."),
        new Key("models", new ListShape(s_model), "The models that are served."),
        new Key("tiers", new ListShape(s_tier, 1), "The grades of tokens that are sold.", Required: true),
        new Key("people", new ListShape(s_people), "Who uses the tokens, for a budget."),
        new Key("outlook", s_outlook, "How power, prices and software go on."),
        new Key("accelerators", new ListShape(CatalogShape.Named(CatalogShape.Accelerator)), "Accelerators of your own, beside the catalog's."),
        new Key("architectures", new ListShape(CatalogShape.Named(CatalogShape.Architecture)), "Architectures of your own, beside the catalog's."),
        new Key("workloads", new ListShape(CatalogShape.Named(CatalogShape.Workload)), "Workload profiles of your own, beside the catalog's."),
    ]);

    private static string? Spare(string text, string currency, out object? value)
    {
        value = text.Length == 1 ? 0L : long.Parse(text.AsSpan(2), System.Globalization.CultureInfo.InvariantCulture);
        return null;
    }

    private static string? Months(string text, string currency, out object? value)
    {
        double months = QuantityParser.Parse(text, Dimension.Months).Value;
        value = (long)months;
        return months is >= 1 and <= 1200 ? null : $"wants 1 to 1200 months; got '{text}'";
    }
}
