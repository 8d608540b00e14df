using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Economics;

/// <summary>What people's tokens cost, bought at a tier's price and made on own hardware.</summary>
/// <remarks>
/// Bought: tokens × price (50 Mtok a day at 150 USD/Mtok are 7,500 USD). Made: the hardware of the tier in whole units, ⌈demand / (tokens/s × 86,400 ×
/// utilization × unit)⌉ of them, or all that is counted, every hour of the day; what counted hardware can't make is bought. Own hardware breaks even
/// at (its cost a day) / (price per token), if it can make so many.
/// </remarks>
public static class BudgetModel
{
    /// <summary>One line a role.</summary>
    /// <param name="definition">The factory.</param>
    /// <param name="roles">The roles; null takes the definition's people.</param>
    /// <param name="options">How ranges are drawn; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the draws.</param>
    /// <exception cref="TokenFactoryException"><c>RolesMissing</c>, <c>TierNotFound</c>, <c>TierAmbiguous</c>.</exception>
    public static IReadOnlyList<BudgetLine> Evaluate(
        FactoryDefinition definition, IReadOnlyList<RoleDefinition>? roles = null, CostOptions? options = null, CancellationToken cancellationToken = default)
    {
        CostOptions how = options ?? new CostOptions();
        FactoryDefinition whole = definition with { People = roles ?? definition.People };
        if (whole.People.Count == 0)
        {
            throw new TokenFactoryException("RolesMissing", FailureKind.InvalidInput,
                "A budget needs people. Add them to the definition, for example 'people: [ { role: researcher, count: 20, tokens: 50 Mtok/day } ]', or pass -Role, -Headcount and -TokensPerPersonPerDay.", definition.Name);
        }

        BudgetLine[] central = Central(whole);
        var estimates = new DefinitionEstimates(whole);
        if (estimates.Ranges.Count == 0 || how.Draws <= 0)
        {
            return central;
        }

        var random = new Random(how.Seed);
        double[][] bought = [.. central.Select(_ => new double[how.Draws])], made = [.. central.Select(_ => new double[how.Draws])];
        for (int draw = 0; draw < how.Draws; draw++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            BudgetLine[] drawn = Central(estimates.Draw(random));
            for (int i = 0; i < drawn.Length; i++)
            {
                bought[i][draw] = drawn[i].PriceCostPerDay ?? 0;
                made[i][draw] = drawn[i].OwnCostPerDay ?? 0;
            }
        }

        return [.. central.Select((l, i) => l with
        {
            PriceCostPerDayRange = l.PriceCostPerDay is null ? null : PercentileRange.Of(bought[i]),
            OwnCostPerDayRange = l.OwnCostPerDay is null ? null : PercentileRange.Of(made[i]),
        })];
    }

    private static BudgetLine[] Central(FactoryDefinition definition)
    {
        (RoleDefinition Role, TierDefinition Tier)[] lines = [.. definition.People.Select(r => (r, TierOf(definition, r)))];
        Dictionary<TierDefinition, Own> tiers = new(ReferenceEqualityComparer.Instance);
        foreach ((RoleDefinition _, TierDefinition tier) in lines)
        {
            if (!tiers.ContainsKey(tier))
            {
                double demand = lines.Where(l => ReferenceEquals(l.Tier, tier)).Sum(l => l.Role.People.Value * l.Role.TokensPerPersonPerDay.Value);
                tiers[tier] = Own.Of(definition, tier, demand);
            }
        }

        return [.. lines.Select(l => Line(definition, l.Role, l.Tier, tiers[l.Tier]))];
    }

    private static BudgetLine Line(FactoryDefinition definition, RoleDefinition role, TierDefinition tier, Own own)
    {
        double tokens = role.People.Value * role.TokensPerPersonPerDay.Value;
        if (!(tokens is >= 0 and < 1e100))
        {
            throw new TokenFactoryException("DemandOutOfRange", FailureKind.InvalidInput,
                $"Role '{role.Name}' needs people and tokens of 0 or more. Correct them.", role.Name);
        }

        double? price = own.PriceOf(tokens);
        double? made = own.CostPerDay is { } cost && own.Demand > 0 ? cost * (tokens / own.Demand) : own.CostPerDay is null ? null : 0;
        return new BudgetLine
        {
            Factory = definition.Name,
            Role = role.Name,
            People = role.People,
            TokensPerPersonPerDay = role.TokensPerPersonPerDay,
            TokensPerDay = tokens,
            Tier = tier.Name,
            PriceCostPerDay = price,
            OwnCostPerDay = made,
            Accelerators = own.Accelerators,
            OwnCostPerMillionOutputTokens = tokens > 0 ? made / tokens * 1e6 : null,
            BreakEvenTokensPerDay = own.BreakEven,
            Verdict = price is null || made is null ? MakeOrBuy.Unknown : made < price ? MakeOrBuy.Make : MakeOrBuy.Buy,
            Notes = own.Notes,
            Assumed = own.Assumed,
            Currency = definition.Currency,
        };
    }

    private static TierDefinition TierOf(FactoryDefinition definition, RoleDefinition role)
    {
        if (role.Tier is { } name)
        {
            return definition.Tiers.FirstOrDefault(t => string.Equals(t.Name, name, StringComparison.OrdinalIgnoreCase)) ?? throw new TokenFactoryException(
                "TierNotFound", FailureKind.NotFound,
                $"Role '{role.Name}' uses tier '{name}', which factory '{definition.Name}' does not have. It has: {string.Join(", ", definition.Tiers.Select(t => t.Name))}.", name);
        }

        return definition.Tiers.Count == 1 ? definition.Tiers[0] : throw new TokenFactoryException("TierAmbiguous", FailureKind.InvalidInput,
            $"Role '{role.Name}' names no tier and factory '{definition.Name}' has {definition.Tiers.Count}. Add a tier to the role.", role.Name);
    }

    /// <summary>A tier's own hardware for a demand, and its price.</summary>
    private sealed record Own
    {
        public required double Demand { get; init; }

        public Func<double, double>? Price { get; init; }

        public double? PricePerToken => Price?.Invoke(1e6) / 1e6;

        public double? CostPerDay { get; init; }

        public double? Accelerators { get; init; }

        public double? BreakEven { get; init; }

        public bool Assumed { get; init; }

        public string[] Notes { get; init; } = [];

        public double? PriceOf(double tokens) => Price?.Invoke(tokens);

        public static Own Of(FactoryDefinition definition, TierDefinition tier, double demand)
        {
            bool priced = tier.Price.OutputPerMillionTokens is not null;
            double uncached = tier.Workload is { OutputTokens: > 0 } w ? w.InputTokens / w.OutputTokens * (1 - w.CacheHitRatio) : 0;
            double cached = tier.Workload is { OutputTokens: > 0 } v ? v.InputTokens / v.OutputTokens * v.CacheHitRatio : 0;
            var own = new Own
            {
                Demand = demand,
                Price = priced ? tokens => BreakdownBuilder.Revenue(tier.Price, tokens, tokens * uncached, tokens * cached) : null,
                Notes = priced ? [] : [$"Tier '{tier.Name}' has no output price to buy at."],
            };
            if (tier.Production.Count == 0 || definition.Hardware.Count == 0)
            {
                return own with { Notes = [.. own.Notes, $"Own cost is unknown: tier '{tier.Name}' has no {(tier.Production.Count == 0 ? "operating point" : "hardware")}."] };
            }

            TierLoad load = CostModel.Load(definition, tier);
            double utilization = definition.Finance.Utilization ?? 1;
            double staff = (definition.Finance.StaffCostPerYear ?? 0) / 365;
            double hour = AcceleratorHourCost.Of(load.Hardware, definition.Site, definition.Finance, 0, load.Point.PowerWattsPerAccelerator).Total;
            double unitTokens = load.Hardware.UnitSize * load.TokensPerAcceleratorDay * utilization;
            double fixedUnits = load.Hardware.Count is { } count ? (double)count / load.Hardware.UnitSize : 1;
            double units = load.Hardware.Count is null ? Math.Ceiling(demand / unitTokens * (1 - 1e-12)) : fixedUnits;
            double accelerators = units * load.Hardware.UnitSize;
            double made = Math.Min(demand, units * unitTokens);
            double cost = (24 * accelerators * hour) + (accelerators > 0 ? staff : 0) + ((demand - made) * (own.PricePerToken ?? 0));
            double fixedCost = (24 * fixedUnits * load.Hardware.UnitSize * hour) + staff;
            double? breakEven = own.PricePerToken is > 0 && fixedCost / own.PricePerToken <= fixedUnits * unitTokens ? fixedCost / own.PricePerToken : null;
            List<string> notes = [.. own.Notes];
            if (made < demand)
            {
                notes.Add(FormattableString.Invariant($"Own hardware makes {made / demand:0.#%} of it; the rest is bought."));
            }

            if (breakEven is null && own.PricePerToken is { } price && fixedUnits > 0)
            {
                notes.Add(FormattableString.Invariant($"Own hardware never breaks even: busy all its sold hours it makes a million tokens for {fixedCost / (fixedUnits * unitTokens) * 1e6:G3} {definition.Currency}, and the price is {price * 1e6:G3}."));
            }

            return own with { CostPerDay = cost, Accelerators = accelerators, BreakEven = breakEven, Assumed = load.Point.Assumed, Notes = [.. notes] };
        }
    }
}
