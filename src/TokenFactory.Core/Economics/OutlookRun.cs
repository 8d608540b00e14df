using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Economics;

/// <summary>One run of a definition through its periods, all figures at one value.</summary>
/// <remarks>
/// A period: (1) power at the meter is the mean of the steps in force. (2) Hardware past its lifetime leaves; what stands keeps its power. (3) Hardware
/// that <c>count</c> names is bought as power allows. Other hardware is bought in whole units for the demand at the period's end, tiers in proportion when
/// power, racks or budget are short; what power is left goes in equal shares to tiers without a demand. (4) A tier sells the integral of min(demand,
/// capacity × utilization) over the period, demand growing exponentially. (5) Prices and software's speedup count as in its middle. Capex is
/// paid when bought, and the facility for every new megawatt.
/// </remarks>
internal sealed class OutlookRun
{
    private readonly FactoryDefinition _definition;
    private readonly OutlookDefinition _outlook;
    private readonly TierLoad[] _tiers;
    private readonly OutlookHardware[] _hardware;
    private readonly int[] _on;
    private readonly double[] _amounts;
    private readonly double _utilization;
    private readonly bool _detailed;
    private readonly List<OutlookPeriod> _periods = [];
    private double _facilityPaidWatts;
    private double _facilityBook;
    private double _spent;
    private double _cumulative;

    public OutlookRun(FactoryDefinition definition, bool detailed)
    {
        _definition = definition;
        _outlook = definition.Outlook!;
        _detailed = detailed;
        _utilization = definition.Finance.Utilization ?? 1;
        PeriodYears = _outlook.PeriodMonths / 12.0;
        if (_outlook.PeriodCount is < 1 or > 10_000 || _outlook.PeriodMonths < 1 || !(_utilization is > 0 and <= 1))
        {
            throw new TokenFactoryException("OutlookOutOfRange", FailureKind.InvalidInput,
                "An outlook has 1 to 10,000 steps of a month or more, and a utilization above 0 % and at most 100 %. Correct outlook.steps and finance.utilization.", definition.Name);
        }

        _tiers = new TierLoad[definition.Tiers.Count];
        for (int t = 0; t < _tiers.Length; t++)
        {
            _tiers[t] = CostModel.Load(definition, definition.Tiers[t]);
        }

        _hardware = new OutlookHardware[definition.Hardware.Count];
        for (int h = 0; h < _hardware.Length; h++)
        {
            _hardware[h] = new OutlookHardware(definition, definition.Hardware[h], _outlook.PeriodCount, PeriodYears);
        }

        _on = new int[_tiers.Length];
        for (int t = 0; t < _tiers.Length; t++)
        {
            _on[t] = Array.FindIndex(_hardware, h => ReferenceEquals(h.Definition, _tiers[t].Hardware));
        }

        _amounts = new double[2 * _outlook.PeriodCount];
        for (int k = 0; k < _outlook.PeriodCount; k++)
        {
            Step(k);
        }

        NetPresentValue = CashFlow.PresentValue(_amounts, PeriodYears, definition.Finance.DiscountRate ?? 0);
        if (!double.IsFinite(NetPresentValue))
        {
            throw new TokenFactoryException("FigureOutOfRange", FailureKind.InvalidInput,
                $"The outlook of '{definition.Name}' leaves the range of numbers. Check growth, prices and the number of steps.", definition.Name);
        }
    }

    public double PeriodYears { get; }

    public double NetPresentValue { get; }

    public double TotalRevenue { get; private set; }

    public double TotalCash => _cumulative;

    /// <summary>Cash of one period.</summary>
    /// <param name="k">The period's place, from 0.</param>
    public double CashOf(int k) => _amounts[2 * k] + _amounts[(2 * k) + 1];

    public double? InternalRate(out string? reason) => CashFlow.InternalRate(_amounts, PeriodYears, out reason);

    public FactoryOutlook ToOutlook()
    {
        double? rate = InternalRate(out string? reason);
        double? multiple = _periods[^1].DemandMultiple;
        List<string> notes = reason is null ? [] : [reason];
        notes.AddRange(_tiers.Where(t => t.MeetsService == false).Select(t => $"Tier '{t.Tier.Name}': no operating point is known to meet its service level; the cheapest is taken."));
        notes.AddRange(_tiers.Where(t => t.Point.Assumed).Select(t => $"Tier '{t.Tier.Name}': the operating point is assumed: it has no source."));
        return new FactoryOutlook
        {
            Factory = _definition.Name,
            Periods = _periods.ToArray(),
            PeriodYears = PeriodYears,
            DiscountRate = _definition.Finance.DiscountRate ?? 0,
            NetPresentValue = NetPresentValue,
            InternalRateOfReturn = rate,
            PaybackYears = CashFlow.Payback(_amounts, PeriodYears),
            BookValue = _hardware.Sum(h => h.BookValue(_outlook.PeriodCount)) + _facilityBook,
            DemandMultiple = multiple,
            DemandGrowthPerMonth = multiple > 0 ? Math.Pow(multiple.Value, 1.0 / (_outlook.PeriodMonths * _outlook.PeriodCount)) - 1 : null,
            Notes = notes.ToArray(),
            Assumed = _tiers.Any(t => t.Point.Assumed),
            Currency = _definition.Currency,
        };
    }

    private void Step(int k)
    {
        double start = k * PeriodYears;
        double middle = start + (PeriodYears / 2);
        double speedup = _outlook.SoftwareSpeedup?.After(middle) ?? 1;
        double? power = Power(k);
        double capex = Build(k, start, power, speedup);
        Share(k, start + PeriodYears, speedup);

        double revenue = 0;
        double? asked = 0;
        double? first = 0;
        double? last = 0;
        double sold = 0;
        double days = PeriodYears * 365;
        List<OutlookTier>? rows = _detailed ? [] : null;
        foreach (TierLoad load in _tiers)
        {
            double capacity = load.Accelerators * load.TokensPerAcceleratorDay * speedup * _utilization;
            double growth = Growth(load.Tier, start + PeriodYears) / Growth(load.Tier, start);
            double? from = load.Demand * Growth(load.Tier, start);
            (double tokens, double? wanted) = Sold(from, growth, capacity);
            double priceFactor = (load.Tier.PriceChange ?? _outlook.PriceChange)?.After(middle) ?? 1;
            double earned = priceFactor * days
                * BreakdownBuilder.Revenue(load.Tier.Price, tokens, tokens * load.Work.UncachedInputPerOutput, tokens * load.Work.CachedInputPerOutput);
            revenue += earned;
            sold += tokens;
            asked += wanted;
            first += load.Demand;
            last += from * growth;
            rows?.Add(new OutlookTier
            {
                Tier = load.Tier.Name,
                Accelerators = load.Accelerators,
                DemandTokensPerDay = wanted,
                TokensPerDay = tokens,
                PricePerMillionOutputTokens = load.Tier.Price.OutputPerMillionTokens?.Value * priceFactor,
                OutputTokensPerSecondPerAccelerator = load.Work.OutputTokensPerSecond * speedup,
                Revenue = earned,
            });
        }

        double hours = PeriodYears * AcceleratorHourCost.HoursPerYear;
        double drawn = 0, energy = 0, rent = 0, accelerators = 0;
        foreach (OutlookHardware hardware in _hardware)
        {
            double installed = hardware.Installed;
            accelerators += installed;
            drawn += installed * (hardware.Watts ?? 0);
            energy += installed * hours * hardware.EnergyPerHour;
            rent += installed * hours * hardware.RentPerHour;
        }

        double staff = (_definition.Finance.StaffCostPerYear ?? 0) * PeriodYears;
        double operating = revenue - energy - rent - staff;
        _amounts[2 * k] = -capex;
        _amounts[(2 * k) + 1] = operating;
        _cumulative += operating - capex;
        TotalRevenue += revenue;
        if (_detailed)
        {
            _periods.Add(new OutlookPeriod
            {
                Index = k + 1,
                Start = _outlook.Start!.Value.AddMonths(k * _outlook.PeriodMonths),
                End = _outlook.Start!.Value.AddMonths((k + 1) * _outlook.PeriodMonths),
                PowerWatts = power,
                DrawnWatts = drawn,
                Accelerators = accelerators,
                DemandTokensPerDay = asked,
                DemandMultiple = first > 0 ? last / first : null,
                TokensPerDay = sold,
                DemandMet = asked > 0 ? Math.Min(1, sold / asked.Value) : null,
                Revenue = revenue,
                EnergyCost = energy,
                RentCost = rent,
                StaffCost = staff,
                Capex = capex,
                CumulativeCash = _cumulative,
                Tiers = rows!.ToArray(),
                Currency = _definition.Currency,
            });
        }
    }

    // Mean over the period of the steps in force; before the first step there is no power.
    private double? Power(int k)
    {
        if (_outlook.Build.Count == 0)
        {
            return _definition.Site.PowerWatts?.Value;
        }

        DateOnly start = _outlook.Start!.Value.AddMonths(k * _outlook.PeriodMonths);
        DateOnly end = _outlook.Start!.Value.AddMonths((k + 1) * _outlook.PeriodMonths);
        double length = end.DayNumber - start.DayNumber;
        double mean = 0;
        foreach (BuildStep step in _outlook.Build)
        {
            DateOnly until = DateOnly.MaxValue;
            foreach (BuildStep other in _outlook.Build)
            {
                until = other.At > step.At && other.At < until ? other.At : until;
            }

            int days = Math.Min(until.DayNumber, end.DayNumber) - Math.Max(step.At.DayNumber, start.DayNumber);
            mean += Math.Max(0, days) / length * step.PowerWatts.Value;
        }

        return mean;
    }

    private double Build(int k, double start, double? power, double speedup)
    {
        double standing = 0;
        foreach (OutlookHardware hardware in _hardware)
        {
            hardware.Begin(k, start);
            standing += hardware.Installed * (hardware.Watts ?? 0);
        }

        // Power that goes away takes running accelerators with it, all kinds alike.
        if (power is { } meter && standing > meter)
        {
            foreach (OutlookHardware hardware in _hardware)
            {
                hardware.Installed *= meter / standing;
            }

            standing = meter;
        }

        double left = (power ?? double.PositiveInfinity) - standing;
        var purchase = new OutlookPurchase(_definition, _hardware, _tiers, _on);
        double bought = purchase.Plan(left, power, speedup, _utilization, t => Demand(t, start + PeriodYears));
        double facility = Facility(start, power, bought);
        double budget = _definition.Site.Budget is { } capital ? Math.Max(0, capital - _spent - facility) : double.PositiveInfinity;
        double capex = facility + purchase.Buy(k, budget);
        _spent += capex;
        return capex;
    }

    private double Facility(double start, double? power, double boughtWatts)
    {
        if (_definition.Site.FacilityCostPerMegawatt is not { } perMegawatt || Array.TrueForAll(_hardware, h => h.IsRented))
        {
            return 0;
        }

        double watts = Math.Max(0, (power ?? (_facilityPaidWatts + boughtWatts)) - _facilityPaidWatts);
        _facilityPaidWatts += watts;
        double cost = perMegawatt * watts / 1e6;
        double years = _definition.Finance.FacilityLifetimeYears ?? _definition.Finance.LifetimeYears ?? double.PositiveInfinity;
        double age = (PeriodYears * _outlook.PeriodCount) - start;
        _facilityBook += cost * Math.Max(0, 1 - (age / years));
        return cost;
    }

    // What stands is shared as the cost model shares counted hardware.
    private void Share(int k, double end, double speedup)
    {
        for (int h = 0; h < _hardware.Length; h++)
        {
            double wanted = 0;
            int open = 0;
            for (int t = 0; t < _tiers.Length; t++)
            {
                if (_on[t] == h)
                {
                    wanted += Demand(t, end) is { } demand ? Needed(t, demand, speedup) : 0;
                    open += _tiers[t].Demand is null ? 1 : 0;
                }
            }

            double installed = _hardware[h].Installed;
            double scale = wanted > installed || (open == 0 && wanted > 0) ? installed / wanted : 1;
            for (int t = 0; t < _tiers.Length; t++)
            {
                if (_on[t] == h)
                {
                    _tiers[t].Accelerators = Demand(t, end) is { } demand
                        ? Needed(t, demand, speedup) * scale
                        : Math.Max(0, installed - (wanted * scale)) / open;
                }
            }
        }
    }

    private double Needed(int t, double demand, double speedup) => demand / (_tiers[t].TokensPerAcceleratorDay * speedup * _utilization);

    private double? Demand(int t, double years) => _tiers[t].Demand * Growth(_tiers[t].Tier, years);

    private static double Growth(TierDefinition tier, double years)
    {
        double factor = 1;
        for (int i = 0; i < tier.Growth.Count; i++)
        {
            factor *= tier.Growth[i].After(years);
        }

        return factor;
    }

    // Means over a period in which demand goes from `from` to from × growth: what is asked for, and the integral of min(demand, capacity).
    private static (double Sold, double? Asked) Sold(double? demand, double growth, double capacity)
    {
        if (demand is not { } from)
        {
            return (capacity, null);
        }

        double rate = Math.Log(growth);
        double Mean(double until) => Math.Abs(rate * until) < 1e-9 ? from * until : from * (Math.Exp(rate * until) - 1) / rate;
        double asked = Mean(1);
        double to = from * growth;
        if (Math.Max(from, to) <= capacity)
        {
            return (asked, asked);
        }

        if (Math.Min(from, to) >= capacity || from <= 0)
        {
            return (Math.Min(asked, capacity), asked);
        }

        double crossing = Math.Log(capacity / from) / rate;
        double sold = growth > 1 ? Mean(crossing) + (capacity * (1 - crossing)) : (capacity * crossing) + (asked - Mean(crossing));
        return (sold, asked);
    }
}
