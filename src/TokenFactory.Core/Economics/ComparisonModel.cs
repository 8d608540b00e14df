using System.Globalization;
using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Economics;

/// <summary>Sets operating points, hardware and whole definitions side by side.</summary>
/// <remarks>
/// Compared is all of a tier's cost per million output tokens. As cost is proportional to the cost of an accelerator-hour, hardware a ties b at an
/// hour of h_a × c_b / c_a; what is left of it after energy, facility and staff is the tie's rate, or × 8,760 h / annuity its purchase price.
/// </remarks>
public static class ComparisonModel
{
    /// <summary>Compares every operating point of every tier.</summary>
    /// <param name="definitions">The definitions, all in one currency.</param>
    /// <param name="points">Further points, priced on every tier that they fit; none adds none.</param>
    /// <param name="reference">Subject, tier or hardware that ratios refer to; null is the first.</param>
    /// <param name="options">How ranges are drawn; null for the defaults.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>One row a point, in the definitions' order.</returns>
    /// <exception cref="TokenFactoryException"><c>CurrencyMismatch</c>, <c>ReferenceNotFound</c>, <c>NothingToCompare</c> and those of <see cref="CostModel"/>.</exception>
    public static IReadOnlyList<CostComparison> Compare(
        IReadOnlyList<FactoryDefinition> definitions, IReadOnlyList<OperatingPoint>? points = null, string? reference = null,
        CostOptions? options = null, CancellationToken cancellationToken = default)
    {
        string[] currencies = [.. definitions.Select(d => d.Currency).Distinct(StringComparer.OrdinalIgnoreCase)];
        if (currencies.Length > 1)
        {
            throw new TokenFactoryException("CurrencyMismatch", FailureKind.InvalidInput,
                $"The definitions are in {string.Join(" and ", currencies)}. State them in one currency, for example Import-TokenFactory ... -Set 'currency=USD' with prices to match.", currencies);
        }

        List<(FactoryDefinition Definition, CostBreakdown Cost)> subjects = [];
        foreach (FactoryDefinition definition in definitions)
        {
            foreach (TierDefinition tier in definition.Tiers)
            {
                foreach (OperatingPoint point in tier.Production)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    subjects.Add((definition, CostModel.EvaluateTier(definition, tier, point, options, cancellationToken)));
                }
            }

            foreach (OperatingPoint point in points ?? [])
            {
                subjects.AddRange(CostModel.EvaluatePoint(definition, point, options, cancellationToken).Select(c => (definition, c)));
            }
        }

        if (subjects.Count == 0)
        {
            throw new TokenFactoryException("NothingToCompare", FailureKind.InvalidInput,
                "No tier has an operating point. Add one, for example 'production: { output: 1850 tok/s/accelerator }', or pipe measured ones.");
        }

        string[] names = Names([.. subjects.Select(s => s.Cost)]);
        double?[] costs = [.. subjects.Select(s => s.Cost.TotalCostPerMillionOutputTokens)];
        int basis = Reference(subjects, names, reference);
        return [.. subjects.Select((s, i) => Row(subjects, names, costs, i, basis))];
    }

    /// <summary>The cheapest subject for users who ask for so many tokens/s.</summary>
    /// <param name="rows">The compared rows.</param>
    /// <param name="interactivity">Tokens/s per user.</param>
    /// <returns>The cheapest row whose interactivity is known to reach it; null when none does.</returns>
    public static CostComparison? CheapestAt(IReadOnlyList<CostComparison> rows, double interactivity) => rows
        .Where(r => r.CostPerMillionOutputTokens is not null && (r.Interactivity >= interactivity || interactivity <= 0))
        .MinBy(r => r.CostPerMillionOutputTokens) is { } best ? best with { AtInteractivity = interactivity } : null;

    private static CostComparison Row(
        List<(FactoryDefinition Definition, CostBreakdown Cost)> subjects, string[] names, double?[] costs, int index, int basis)
    {
        CostBreakdown own = subjects[index].Cost;
        CostBreakdown reference = subjects[basis].Cost;
        (bool cheapest, double? above) = Frontier(subjects, costs, index);
        int rival = Enumerable.Range(0, costs.Length).Where(i => i != index && costs[i] is not null).OrderBy(i => costs[i]).FirstOrDefault(-1);
        (double? price, TieBasis? of, string? words) = rival < 0 || costs[index] is not > 0
            ? default
            : Tie(subjects[index].Definition, own, costs[rival]!.Value / costs[index]!.Value, names[rival]);
        return new CostComparison
        {
            Subject = names[index],
            Factory = own.Factory,
            Tier = own.Tier,
            Hardware = own.Hardware,
            Interactivity = own.Interactivity,
            OutputTokensPerSecondPerAccelerator = own.OutputTokensPerSecondPerAccelerator,
            TokensPerSecondPerMegawatt = own.TokensPerSecondPerMegawatt,
            JoulesPerToken = own.JoulesPerToken,
            CostPerAcceleratorHour = own.CostPerAcceleratorHour,
            CostPerMillionOutputTokens = costs[index],
            CostPerMillionOutputTokensRange = own.TotalCostPerMillionOutputTokensRange,
            CostRatio = costs[index] > 0 ? costs[basis] / costs[index] : null,
            TokensPerMegawattRatio = own.TokensPerSecondPerMegawatt / reference.TokensPerSecondPerMegawatt,
            ThroughputRatio = own.OutputTokensPerSecondPerAccelerator / reference.OutputTokensPerSecondPerAccelerator,
            Reference = names[basis],
            Cheapest = cheapest,
            CheapestAbove = above,
            CheapestUpTo = cheapest ? own.Interactivity : null,
            TiesWith = rival < 0 ? null : names[rival],
            TiePrice = price,
            TieBasis = of,
            Tie = words,
            Currency = own.Currency,
            Source = own.Source,
            Assumed = own.Assumed,
        };
    }

    // Cheapest at a speed: nothing at least as fast is cheaper. An unknown speed is no promise, so it serves only those who ask for none.
    private static (bool Cheapest, double? Above) Frontier(List<(FactoryDefinition Definition, CostBreakdown Cost)> subjects, double?[] costs, int index)
    {
        double speed = subjects[index].Cost.Interactivity ?? 0;
        double slower = 0;
        for (int i = 0; i < costs.Length; i++)
        {
            double other = subjects[i].Cost.Interactivity ?? 0;
            if (costs[index] is not { } own || (i != index && costs[i] is { } cost
                && other >= speed && (cost < own || (cost == own && (other > speed || i < index)))))
            {
                return (false, null);
            }

            if (i != index && other < speed && costs[i] < costs[index])
            {
                slower = Math.Max(slower, other);
            }
        }

        return (true, slower);
    }

    private static (double? Price, TieBasis? Basis, string? Words) Tie(FactoryDefinition definition, CostBreakdown own, double share, string rival)
    {
        AcceleratorHourCost hour = own.AcceleratorHour;
        double running = hour.Energy + hour.Facility + hour.Staff;
        double left = (hour.Total * share) - running;
        HardwareDefinition hardware = definition.Hardware.First(h => h.Name == own.Hardware);
        bool rented = hardware.RatePerHour is not null;
        double price = rented ? left
            : left * AcceleratorHourCost.HoursPerYear / Annuity.PerYear(definition.Finance.DiscountRate ?? 0, definition.Finance.LifetimeYears!.Value);
        // A price is printed to few digits: noise in the last bits must not turn a half.
        price = double.Parse(price.ToString("E11", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        string unit = rented ? $"{own.Currency}/h" : own.Currency;
        string words = price < 0
            ? string.Create(CultureInfo.InvariantCulture,
                $"Even free, {own.Hardware} is dearer than {rival}: an hour may cost {hour.Total * share:G3} {own.Currency} in all, and {Running(hour)} alone {running:G3}.")
            : string.Create(CultureInfo.InvariantCulture, $"{own.Hardware} ties {rival} at {price:G3} {unit}; it is at {(rented ? hour.Rent : hardware.Price!.Value.Value):G3}.");
        return (price, rented ? Economics.TieBasis.RatePerHour : Economics.TieBasis.Price, words);
    }

    private static string Running(AcceleratorHourCost hour) => string.Join(" and ", new[]
    {
        hour.Energy > 0 ? "its energy" : null, hour.Facility > 0 ? "its facility" : null, hour.Staff > 0 ? "its staff" : null,
    }.Where(s => s is not null));

    private static int Reference(List<(FactoryDefinition Definition, CostBreakdown Cost)> subjects, string[] names, string? reference)
    {
        if (reference is null)
        {
            return 0;
        }

        int index = subjects.FindIndex(s => Same(s.Cost.Tier, reference) || Same(s.Cost.Hardware, reference) || Same(s.Cost.Factory, reference));
        int named = Array.FindIndex(names, n => Same(n, reference));
        index = named >= 0 ? named : index;
        return index >= 0 ? index : throw new TokenFactoryException("ReferenceNotFound", FailureKind.NotFound,
            $"'{reference}' is none of what is compared. Name one of: {string.Join(", ", names)}.", reference);
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    private static string[] Names(CostBreakdown[] costs)
    {
        bool factories = costs.Select(c => c.Factory).Distinct(StringComparer.Ordinal).Skip(1).Any();
        string[] names = [.. costs.Select(c => factories ? $"{c.Factory}/{c.Tier}" : c.Tier)];
        Tell(names, costs, c => string.Create(CultureInfo.InvariantCulture, $" @ {c.Interactivity:0.##}"), c => c.Interactivity is not null);
        Tell(names, costs, c => $" on {c.Hardware}", _ => true);
        return [.. names.Select((n, i) => names.Take(i).Count(m => m == n) is int before and > 0 ? string.Create(CultureInfo.InvariantCulture, $"{n} #{before + 1}") : n)];
    }

    private static void Tell(string[] names, CostBreakdown[] costs, Func<CostBreakdown, string> by, Func<CostBreakdown, bool> when)
    {
        string[] twice = [.. names.GroupBy(n => n, StringComparer.Ordinal).Where(g => g.Skip(1).Any()).Select(g => g.Key)];
        for (int i = 0; i < names.Length; i++)
        {
            if (when(costs[i]) && twice.Contains(names[i], StringComparer.Ordinal))
            {
                names[i] += by(costs[i]);
            }
        }
    }
}
