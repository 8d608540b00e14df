using TokenFactory.Core.Catalog;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions.Reading;

/// <summary>What a definition's values must be to each other: names that are there, shares that fit, ends in order.</summary>
internal sealed class DefinitionChecks(ICollection<DefinitionProblem> problems, FigureCatalog catalog)
{
    public void Check(RecordValue root)
    {
        foreach (string list in new[] { "hardware", "models", "tiers", "accelerators", "architectures", "workloads" })
        {
            Unique(root, list, "name");
        }

        Unique(root, "people", "role");
        HashSet<string> accelerators = Set(catalog.AcceleratorNames);
        HashSet<string> architectures = Set(catalog.ArchitectureNames);
        HashSet<string> workloads = Set(catalog.WorkloadNames);
        HashSet<string>? tiers = Names(root, "tiers");
        foreach (RecordValue hardware in root.Records("hardware"))
        {
            Known(hardware["accelerator"], accelerators, "accelerator",
                "Get-TokenFactoryAccelerator lists them; its figures can stand here instead");
            if (hardware["price"] is not null && hardware["rate"] is { } rate)
            {
                Add(rate.Node, rate.Path, "stands beside a price: hardware is owned or rented. Remove one");
            }
        }

        foreach (RecordValue model in root.Records("models"))
        {
            Known(model["architecture"], architectures, "architecture", "Get-TokenFactoryArchitecture lists them; its figures can stand here instead");
        }

        HashSet<string>? models = Names(root, "models");
        HashSet<string>? hardwareNames = Names(root, "hardware");
        foreach (RecordValue tier in root.Records("tiers"))
        {
            Tier(tier, workloads, models, hardwareNames);
        }

        foreach (RecordValue role in root.Records("people"))
        {
            Known(role["tier"], tiers, "tier", "tiers of this definition");
        }

        Shares(root);
        if (root.Record("outlook") is { } outlook)
        {
            Unique(outlook, "build", "at");
        }
    }

    private void Tier(RecordValue tier, HashSet<string> workloads, HashSet<string>? models, HashSet<string>? hardware)
    {
        Known(tier["workload"], workloads, "workload", "Get-TokenFactoryWorkload lists them; its figures can stand here instead");
        Known(tier["model"], models, "model", "models of this definition");
        Known(tier["hardware"], hardware, "hardware", "hardware of this definition");
        foreach (RecordValue point in tier.Records("production"))
        {
            Known(point["model"], models, "model", "models of this definition");
            Known(point["hardware"], hardware, "hardware", "hardware of this definition");
        }

        if (tier.Record("demand") is { } demand)
        {
            Ordered(demand, "min", "mean");
            Ordered(demand, "mean", "max");
            Ordered(demand, "min", "max");
        }
    }

    private static HashSet<string>? Names(RecordValue root, string list) =>
        root[list] is null ? null : Set(root.Records(list).Select(r => r.Text("name")).OfType<string>());

    private static HashSet<string> Set(IEnumerable<string> names) => names.ToHashSet(StringComparer.OrdinalIgnoreCase);

    private void Known(Field? field, HashSet<string>? names, string what, string where)
    {
        if (field?.Value is string name && names is not null && !names.Contains(name))
        {
            Add(field.Node, field.Path, $"names no {what}: '{name}'{(problems.Count < Nearest.MaxHints ? Nearest.Hint(name, names) : "")} ({where})");
        }
    }

    private void Ordered(RecordValue demand, string less, string more)
    {
        if (demand.Estimate(less) is { } low && demand.Estimate(more) is { } high && low.Value > high.Value)
        {
            Field field = demand[more]!;
            Add(field.Node, field.Path, $"is less than {less}");
        }
    }

    private void Unique(RecordValue root, string list, string key)
    {
        Dictionary<object, Field> seen = [];
        foreach (RecordValue item in root.Records(list))
        {
            if (item[key] is not { Value: { } value } field)
            {
                continue;
            }

            object name = value is string text ? text.ToUpperInvariant() : value;
            if (!seen.TryAdd(name, field))
            {
                Add(field.Node, field.Path, $"is used twice in {list}; the first is in line {seen[name].Node.Line}. Give each its own {key}");
            }
        }
    }

    private void Shares(RecordValue root)
    {
        double sum = 0;
        foreach (Field share in root.Records("tiers").Select(t => t["power"]).OfType<Field>())
        {
            sum += share.Value is Estimate value ? value.Value : 0;
            if (sum > 1 + 1e-9)
            {
                Add(share.Node, share.Path, $"brings the fixed shares of power to {QuantityFormatter.Format(Math.Round(sum, 6), Dimension.Ratio)}; together they are at most 100 %");
                return;
            }
        }
    }

    private void Add(Node node, string path, string message) => problems.Add(node.Problem(path, message, DefinitionProblemKind.Meaning));
}
