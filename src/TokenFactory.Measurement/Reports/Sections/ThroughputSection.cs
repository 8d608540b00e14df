using System.Globalization;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Measurement.Reports.Sections;

/// <summary>What it produces: measured throughput and latency.</summary>
internal static class ThroughputSection
{
    /// <summary>The section; null without measurements.</summary>
    /// <param name="items">The objects.</param>
    public static ReportSection? Make(ReportItems items)
    {
        IReadOnlyList<ThroughputMeasurement> runs = items.Of<ThroughputMeasurement>();
        if (runs.Count == 0)
        {
            return null;
        }

        ThroughputMeasurement[] good = [.. runs.Where(r => r is { OutputTokensPerSecond: > 0, Interactivity: > 0 })];
        ThroughputMeasurement? best = good.MaxBy(r => r.OutputTokensPerSecond);
        long failed = runs.Sum(r => r.Failed);
        return new ReportSection("throughput", "What does it produce?",
            $"{runs.Count} measured {(runs.Count == 1 ? "run" : "runs")}, {runs.Sum(r => r.Requests).ToString("#,##0", CultureInfo.InvariantCulture)} requests, {failed.ToString("#,##0", CultureInfo.InvariantCulture)} failed."
            + (runs.Any(r => r.RandomWeights) ? " The model's weights are random: its speed counts, its text does not." : "")
            + (runs.Any(r => r.ClientLimited) ? " In some runs the client was the limit; they say little about the server." : ""))
        {
            Facts = best is null ? [new ReportFact("Throughput", "nothing succeeded", "", false)] :
            [
                new ReportFact("Most tokens", FigureText.Si(best.OutputTokensPerSecond, "tok/s"), $"{best.Model}, {Shape(best)}"),
                new ReportFact("Fastest for one user", $"{FigureText.Si(good.Max(r => r.Interactivity))} tok/s/user", $"{good.MaxBy(r => r.Interactivity)!.Model}, {Shape(good.MaxBy(r => r.Interactivity)!)}"),
            ],
            Charts = [.. Charts(good)],
            Tables = [Runs(runs), Latencies(runs)],
            Provenance =
            [
                .. runs.GroupBy(r => r.Model).Select(g => new ReportProvenance($"throughput and latency of {g.Key}", "Measured",
                    $"{g.First().Api}, {g.First().Provider ?? "-"}, {g.Min(r => r.StartedAt).ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)}; tokens by {g.First().TokenCount ?? "-"}; percentiles: {g.First().TtftSeconds.Method}")),
                .. runs.Select(r => new ReportProvenance("energy", r.JoulesPerToken is null ? "not measured" : r.EnergyScope == "declared" ? "Declared" : "Measured",
                    r.JoulesPerToken is null ? r.Unavailable.GetValueOrDefault(nameof(r.JoulesPerToken), "no reason given") : $"scope: {r.EnergyScope}")),
            ],
        };
    }

    private static IEnumerable<ReportChart> Charts(ThroughputMeasurement[] runs)
    {
        if (runs.Length == 0)
        {
            yield break;
        }

        yield return ReportCharts.Lines("Frontier", "Speed for one user against the output of all; each point is one run, labelled with its load.", "tokens/s/user", "output tokens/s",
            [.. runs.GroupBy(r => $"{r.Model} on {r.Provider ?? r.Api}").Select(g => new ChartSeries(g.Key,
                [.. g.Select(r => (r.Interactivity!.Value, r.OutputTokensPerSecond!.Value, Label(r)))]))]);
        (string Name, Func<ThroughputMeasurement, LatencySummary> Of)[] kinds = [("TTFT", r => r.TtftSeconds), ("TPOT", r => r.TpotSeconds), ("E2E", r => r.E2eSeconds)];
        foreach ((string name, Func<ThroughputMeasurement, LatencySummary> of) in kinds)
        {
            ThroughputMeasurement[] having = [.. runs.Where(r => of(r).P50 > 0)];
            if (having.Length > 0)
            {
                yield return ReportCharts.Bars($"{name} by run", $"{name}: up to the median, from there to the 90th, and to the 99th percentile.", "ms", ["to P50", "to P90", "to P99"],
                    [.. having.Select(r => new ChartBar(Shape(r), Steps(of(r))))]);
            }
        }
    }

    private static double[] Steps(LatencySummary latency)
    {
        double p50 = 1000 * latency.P50.GetValueOrDefault();
        double p90 = Math.Max(p50, 1000 * (latency.P90 ?? latency.P50).GetValueOrDefault());
        double p99 = Math.Max(p90, 1000 * (latency.P99 ?? latency.P90).GetValueOrDefault());
        return [p50, p90 - p50, p99 - p90];
    }

    private static ReportTable Runs(IReadOnlyList<ThroughputMeasurement> runs) => new("Runs",
        [new("Model", false), new("Load", false), new("Requests"), new("Failed"), new("tok/s"), new("tok/s/user"), new("Goodput"), new("J/token"), new("Cost per Mtok", runs.All(r => r.CostByTier.Count == 0))],
        [.. runs.Select(r => (IReadOnlyList<string>)
        [
            r.Model, r.Load, FigureText.Si(r.Requests), FigureText.Si(r.Failed), FigureText.Si(r.OutputTokensPerSecond), FigureText.Si(r.Interactivity), FigureText.Percent(r.GoodputRatio),
            r.JoulesPerToken is { } joules ? $"{FigureText.Si(joules)} ({r.EnergyScope})" : "-",
            r.CostByTier.Count == 0 ? FigureText.Money(r.CostPerMillionOutputTokens, r.Currency) : string.Join(", ", r.CostByTier.Select(c => $"{c.Tier} {FigureText.Money(c.CostPerMillionOutputTokens, c.Currency)}")),
        ])]);

    private static ReportTable Latencies(IReadOnlyList<ThroughputMeasurement> runs) => new("Latencies",
        [new("Load", false), new("TTFT P50"), new("P90"), new("P99"), new("TPOT P50"), new("P90"), new("P99"), new("E2E P50"), new("P90"), new("Samples")],
        [.. runs.Select(r => (IReadOnlyList<string>)
        [
            Shape(r), .. Three(r.TtftSeconds), .. Three(r.TpotSeconds), FigureText.Duration(r.E2eSeconds.P50), FigureText.Duration(r.E2eSeconds.P90), FigureText.Si(r.TtftSeconds.Count),
        ])]);

    private static string[] Three(LatencySummary latency) =>
        [FigureText.Duration(latency.P50), FigureText.Duration(latency.P90), (latency.P99Uncertain ? "~" : "") + FigureText.Duration(latency.P99)];

    private static string Shape(ThroughputMeasurement run) => run.Concurrency is { } concurrency ? $"concurrency {concurrency}" : run.Load;

    private static string Label(ThroughputMeasurement run) => run.Concurrency is { } concurrency ? concurrency.ToString(CultureInfo.InvariantCulture) : "";
}
