using System.Globalization;
using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Planning;

/// <summary>Capacity against demand: headroom, first limit and the day it is exhausted, for each tier of a factory.</summary>
/// <remarks>
/// <para>A tier's accelerators produce <c>a · q · 86,400 · min(u, 1/p)</c> output tokens a day that can be sold: q is the operating point's output
/// tokens/s an accelerator, u the factory's utilization, p the demand's peak-to-mean ratio. Whichever of the two is lower counts, because a peak of p
/// times the mean leaves at most 1/p of the capacity hours sold.</para>
/// <para>Tiers that share hardware, power, space or capital grow together: all demands are scaled by one factor until a limit is full, the tiers in
/// that limit stop, and the others go on (max-min fair). So capacity is what a tier can serve when the others grow in the same proportion.
/// A tier without a demand gets what is left when the others' demands are served, in equal shares of accelerators.</para>
/// <para>Only points that meet the service level at P90 are counted; an unknown TTFT or interactivity does not meet one. A tier may run on
/// several hardware at once. Ranges count with their central value; with draws the figures carry P10, P50 and P90 on the verdict's day. Hardware that may be bought is counted in whole
/// units (<c>unit</c>, 1 unless said).</para>
/// </remarks>
public static class CapacityModel
{
    private const double SecondsPerDay = 86_400;
    private const double DaysPerYear = 365;
    private const int HorizonYears = 30;
    private const double Tolerance = 1e-9;

    /// <summary>Judges every tier.</summary>
    /// <param name="factory">The definition.</param>
    /// <param name="options">The question.</param>
    /// <param name="cancellationToken">Stops the search for dates.</param>
    /// <returns>One verdict for each tier, in the definition's order.</returns>
    /// <exception cref="TokenFactoryException">
    /// <c>CapacityWithoutTier</c>, <c>CapacityHeadroomOutOfRange</c>, <c>CapacityUntilBeforeStart</c>, <c>CapacityUnbounded</c>.
    /// </exception>
    public static IReadOnlyList<CapacityVerdict> Evaluate(
        FactoryDefinition factory, CapacityOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(factory);
        ArgumentNullException.ThrowIfNull(options);
        Require(factory.Tiers.Count > 0, "CapacityWithoutTier", $"Factory '{factory.Name}' has no tier. State at least one under 'tiers'.", factory.Name);
        Require(options.RequiredHeadroom is >= 0 and <= 1000, "CapacityHeadroomOutOfRange",
            $"A headroom of {options.RequiredHeadroom.ToString("P0", CultureInfo.InvariantCulture)} can't be asked for. Give a share of the demand, such as '20 %' or 0.2.", options.RequiredHeadroom);

        var state = new CapacityState(factory, options.OperatingPoints, cancellationToken);
        DateOnly origin = factory.Outlook?.Start ?? options.AsOf;
        DateOnly from = options.AsOf > origin ? options.AsOf : origin;
        DateOnly until = options.Until ?? from;
        Require(until >= from, "CapacityUntilBeforeStart",
            $"Capacity can't be asked until {until:yyyy-MM-dd}: the question starts on {from:yyyy-MM-dd}. Give a later date.", until);

        List<DateOnly> dates = Dates(factory, from, until);
        var track = new Track[factory.Tiers.Count];
        DateOnly previous = from;
        foreach (DateOnly date in dates)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TierCapacity[] capacities = state.On(date, origin);
            for (int i = 0; i < track.Length; i++)
            {
                TierCapacity c = capacities[i];
                if (date <= until && (date == from || Worse(c, track[i].Worst)))
                {
                    (track[i].Worst, track[i].WorstDate) = (c, date);
                }

                if (c.Headroom is not { } headroom)
                {
                    continue;
                }

                track[i].ExhaustedOn ??= headroom < -Tolerance ? FirstDay(previous, date, d => state.On(d, origin)[i].Headroom < -Tolerance) : null;
                track[i].LackOn ??= headroom < options.RequiredHeadroom - Tolerance
                    ? FirstDay(previous, date, d => state.On(d, origin)[i].Headroom < options.RequiredHeadroom - Tolerance)
                    : null;
            }

            previous = date;
            if (date >= until && track.Select((t, i) => capacities[i].Headroom is null || (t.ExhaustedOn is not null && t.LackOn is not null)).All(done => done))
            {
                break;
            }
        }

        return CapacityDraws.Spread(factory, options, origin, [.. factory.Tiers.Select((tier, i) => Verdict(factory, tier, track[i], from, options))], cancellationToken);
    }

    private static CapacityVerdict Verdict(FactoryDefinition factory, TierDefinition tier, Track track, DateOnly from, CapacityOptions options)
    {
        TierCapacity c = track.Worst;
        ProductionCandidate? main = c.Runs.OrderByDescending(r => r.Accelerators * r.Candidate.OutputTokensPerSecond).FirstOrDefault().Candidate;
        double?[] users = [.. c.Runs.Select(r => r.Candidate.Point.Interactivity is > 0 and { } speed
            ? r.Accelerators * r.Candidate.OutputTokensPerSecond * c.Speedup / speed
            : (double?)null)];
        return new CapacityVerdict
        {
            Factory = factory.Name,
            Tier = tier.Name,
            Date = track.WorstDate,
            DemandTokensPerDay = c.Demand,
            CapacityTokensPerDay = c.Capacity,
            Headroom = c.Headroom,
            RequiredHeadroom = options.RequiredHeadroom,
            Holds = c.Headroom is { } headroom ? headroom >= options.RequiredHeadroom - Tolerance : c.Capacity > 0 || c.Demand == 0,
            FirstLimit = c.Limit,
            LimitDetail = c.LimitDetail,
            ExhaustedOn = track.ExhaustedOn,
            HoldsUntil = track.LackOn > from ? track.LackOn.Value.AddDays(-1) : null,
            Hardware = c.Runs.Count == 0 ? null : string.Join(" + ", c.Runs.Select(r => r.Candidate.Hardware.Name).Distinct(StringComparer.Ordinal)),
            OperatingPoint = main?.Point,
            Accelerators = c.Runs.Sum(r => r.Accelerators),
            ConcurrentUsers = users.Length > 0 && Array.TrueForAll(users, u => u is not null) ? users.Sum() : null,
            Reasons = c.Reasons,
            Source = main?.Point.Source,
        };
    }

    private static bool Worse(TierCapacity candidate, TierCapacity worst) => candidate.Headroom is { } headroom
        ? headroom < worst.Headroom
        : candidate.Capacity < worst.Capacity;

    // Growth is smooth and power comes in steps, so months and the steps' dates bracket every crossing; the day is found by halving.
    private static List<DateOnly> Dates(FactoryDefinition factory, DateOnly from, DateOnly until)
    {
        OutlookDefinition? outlook = factory.Outlook;
        bool changes = factory.Tiers.Any(t => t.Demand is not null && t.Growth.Count > 0) || outlook?.SoftwareSpeedup is not null
            || outlook?.Build.Any(s => s.At > from) == true;
        if (!changes)
        {
            return from == until ? [from] : [from, until];
        }

        DateOnly horizon = from.AddYears(Math.Min(HorizonYears, 9000 - from.Year));
        SortedSet<DateOnly> dates = [from, until];
        for (int month = 1; from.AddMonths(month) <= horizon; month++)
        {
            dates.Add(from.AddMonths(month));
        }

        foreach (BuildStep step in factory.Outlook?.Build ?? [])
        {
            if (step.At > from)
            {
                dates.Add(step.At.AddDays(-1));
                dates.Add(step.At);
            }
        }

        return [.. dates.Where(d => d >= from)];
    }

    private static DateOnly FirstDay(DateOnly before, DateOnly on, Func<DateOnly, bool> fails)
    {
        int low = before.DayNumber, high = on.DayNumber;
        if (low == high || fails(before))
        {
            return before;
        }

        while (high - low > 1)
        {
            int middle = low + ((high - low) / 2);
            (low, high) = fails(DateOnly.FromDayNumber(middle)) ? (low, middle) : (middle, high);
        }

        return DateOnly.FromDayNumber(high);
    }

    /// <summary>Years of 8,760 h between two days.</summary>
    internal static double Years(DateOnly from, DateOnly to) => (to.DayNumber - from.DayNumber) / DaysPerYear;

    /// <summary>Output tokens a day that one accelerator can sell.</summary>
    internal static double SoldTokensPerDay(double tokensPerSecond, double utilization, double peakToMean) =>
        tokensPerSecond * SecondsPerDay * Math.Min(utilization, 1 / Math.Max(1, peakToMean));

    private static void Require(bool condition, string errorId, string message, object? target)
    {
        if (!condition)
        {
            throw new TokenFactoryException(errorId, FailureKind.InvalidInput, message, target);
        }
    }

    private struct Track
    {
        public TierCapacity Worst;
        public DateOnly WorstDate;
        public DateOnly? ExhaustedOn;
        public DateOnly? LackOn;
    }
}
