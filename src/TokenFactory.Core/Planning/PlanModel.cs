namespace TokenFactory.Core.Planning;

/// <summary>The planner's linear program with the meaning of its variables and rows. docs/planning.md writes it out.</summary>
/// <remarks>
/// Variables: <c>x</c> accelerators of a candidate, in units of its hardware; <c>m</c> working units of a hardware (whole) that is bought, or
/// switched on when the meter does not feed all; <c>z</c> 1 when a hardware that needs spare units is bought; <c>y</c> sold tokens of a tier, in <see cref="TokenScale"/>;
/// <c>s</c> what a tier lacks of its fixed share of power; <c>e</c> what it lacks of its least demand, in the elastic form.
/// </remarks>
internal sealed class PlanModel
{
    private const double TieBreak = 1e-6;
    private const double MostUnits = 1e8;

    private readonly PlanInputs _inputs;
    private readonly bool _feedsAll;

    private PlanModel(PlanInputs inputs, IReadOnlyList<ProductionCandidate> candidates, double? powerWatts)
    {
        _inputs = inputs;
        _feedsAll = powerWatts is not { } power || inputs.InstalledWatts <= power;
        Candidates = candidates;
        Tiers = [.. candidates.Select(inputs.TierOf)];
        Kinds = [.. candidates.Select(inputs.KindOf)];
        int tiers = inputs.Tiers.Length;
        TokenScale = new double[tiers];
        (Sold, PowerShareRows, MinimumRows, MaximumRows, Lacking, Shortfall) =
            (new int[tiers], new int[tiers], new int[tiers], new int[tiers], new int[tiers], new int[tiers]);
        (Units, SpareUsed, HardwareRows) = (new int[inputs.Kinds.Length], new int[inputs.Kinds.Length], new int[inputs.Kinds.Length]);
        foreach (int[] indices in new[] { Sold, PowerShareRows, MinimumRows, MaximumRows, Lacking, Shortfall, Units, SpareUsed, HardwareRows })
        {
            Array.Fill(indices, -1);
        }
    }

    public LinearProgram Program { get; } = new();

    public IReadOnlyList<ProductionCandidate> Candidates { get; }

    public PlanTier[] Tiers { get; }

    public PlanKind[] Kinds { get; }

    /// <summary>Tokens per day that one unit of a tier's best candidate can sell: the unit of <c>y</c>.</summary>
    public double[] TokenScale { get; }

    public int[] Running { get; private set; } = [];

    public int[] Sold { get; }

    public int[] Units { get; }

    public int[] SpareUsed { get; }

    public int[] Shortfall { get; }

    public int[] Lacking { get; }

    public int PowerRow { get; private set; } = -1;

    public int RackRow { get; private set; } = -1;

    public int BudgetRow { get; private set; } = -1;

    public int[] HardwareRows { get; }

    public int[] PowerShareRows { get; }

    public int[] MinimumRows { get; }

    public int[] MaximumRows { get; }

    /// <summary>Constant part of the cost per day that no decision changes: what is there, and staff.</summary>
    public double FixedCostPerDay { get; private set; }

    /// <summary>What the site gives: changed by a little to see what more is worth.</summary>
    /// <param name="PowerWatts">Power at the meter, watts.</param>
    /// <param name="Elastic">True lets demands go unserved, and makes what is served of them, relative to each, the objective.</param>
    /// <param name="Required">Which tiers' least demands are kept; null is all.</param>
    internal sealed record Settings(double? PowerWatts, bool Elastic = false, bool[]? Required = null);

    /// <summary>Builds the program.</summary>
    public static PlanModel Build(PlanInputs inputs, IReadOnlyList<ProductionCandidate> candidates, Settings settings)
    {
        var model = new PlanModel(inputs, candidates, settings.PowerWatts);
        model.AddVariables(settings);
        model.AddHardware(settings);
        model.AddSite(settings);
        model.AddTiers(settings);
        return model;
    }

    /// <summary>Tokens per day that one unit's worth of accelerators sells at a candidate.</summary>
    public double TokensPerUnit(int candidate) =>
        Candidates[candidate].OutputTokensPerSecond * 86_400 * Tiers[candidate].SoldShare * Kinds[candidate].Unit;

    public double WattsPerUnit(int candidate) => (Candidates[candidate].Watts ?? 0) * Kinds[candidate].Unit;

    /// <summary>True when the units of a hardware are the plan's to choose.</summary>
    public bool Chooses(PlanKind kind) => kind.Bought || !_feedsAll;

    /// <summary>Revenue of one token, cost and so on weighed by the objective: what the program maximises, without ties and penalties.</summary>
    public double Worth(double[] values)
    {
        double tokens = 0, revenue = 0;
        foreach (PlanTier tier in _inputs.Tiers)
        {
            double sold = values[Sold[tier.Index]] * TokenScale[tier.Index];
            tokens += sold;
            revenue += sold * tier.RevenuePerToken;
        }

        return _inputs.Options.Objective switch
        {
            PlanObjective.Revenue => revenue,
            PlanObjective.Tokens => tokens,
            PlanObjective.Margin => revenue - CostPerDay(values),
            _ => -CostPerDay(values),
        };
    }

    /// <summary>Cost per day of a solution, money; staff and what is there included.</summary>
    public double CostPerDay(double[] values)
    {
        double cost = FixedCostPerDay;
        foreach (PlanKind kind in _inputs.Kinds)
        {
            cost += UnitsOf(kind, values) * UnitCost(kind);
        }

        for (int c = 0; c < Candidates.Count; c++)
        {
            cost += values[Running[c]] * ExtraEnergy(c);
        }

        return cost;
    }

    /// <summary>Units that the plan buys or switches on, spare ones included.</summary>
    public double UnitsOf(PlanKind kind, double[] values) => Units[kind.Index] < 0 ? 0
        : values[Units[kind.Index]] + (SpareUsed[kind.Index] < 0 ? 0 : kind.Spare * values[SpareUsed[kind.Index]]);

    // Of hardware that is there, capital, facility and rent are sunk: switching a unit on costs its energy alone.
    public static double UnitCost(PlanKind kind) => kind.Hour is { } hour ? 24 * kind.Unit * (kind.Bought ? hour.Total : hour.Energy) : 0;

    public double ExtraEnergy(int candidate)
    {
        double price = Kinds[candidate].Hour is { Energy: > 0 } ? _inputs.Factory.Site.EnergyPricePerKilowattHour?.Value ?? 0 : 0;
        return Candidates[candidate].Watts is { } watts ? 24 * Kinds[candidate].Unit * (watts - Kinds[candidate].Watts) / 1000 * price : 0;
    }

    private void AddVariables(Settings settings)
    {
        for (int c = 0; c < Candidates.Count; c++)
        {
            TokenScale[Tiers[c].Index] = Math.Max(TokenScale[Tiers[c].Index], TokensPerUnit(c));
        }

        double revenueScale = 0;
        foreach (PlanTier tier in _inputs.Tiers)
        {
            double scale = TokenScale[tier.Index] = TokenScale[tier.Index] > 0 ? TokenScale[tier.Index] : 1;
            double worth = settings.Elastic ? 0 : _inputs.Options.Objective switch
            {
                PlanObjective.Tokens => scale,
                PlanObjective.Cost => 0,
                _ => scale * tier.RevenuePerToken,
            };
            revenueScale = Math.Max(revenueScale, worth);
            Sold[tier.Index] = Program.Add(0, double.PositiveInfinity, worth);
        }

        bool byCost = _inputs.Options.Objective is PlanObjective.Margin or PlanObjective.Cost && !settings.Elastic;
        double dearest = _inputs.Kinds.Select(UnitCost).DefaultIfEmpty(0).Max();
        double CostWeight(double cost, bool isUnit) => byCost ? -cost
            // Of plans that are worth the same, the cheapest; where nothing is priced, the one with the least hardware.
            : settings.Elastic ? 0
            : -TieBreak * revenueScale * (dearest > 0 ? cost / dearest : isUnit ? 1 : 0);

        foreach (PlanKind kind in _inputs.Kinds.Where(Chooses))
        {
            // What is there comes first: where the meter does not feed all of it, nothing is bought beside it.
            double most = !kind.Bought ? kind.UnitsThere : _feedsAll || kind.Watts == 0 ? double.PositiveInfinity : 0;
            Units[kind.Index] = Program.Add(0, most, CostWeight(UnitCost(kind), true), whole: true);
            if (kind.Bought && kind.Spare > 0)
            {
                SpareUsed[kind.Index] = Program.Add(0, 1, CostWeight(kind.Spare * UnitCost(kind), false), whole: true);
            }
        }

        Running = [.. Candidates.Select((_, c) => Program.Add(0, double.PositiveInfinity, CostWeight(ExtraEnergy(c), false)))];
        FixedCostPerDay = _inputs.StaffPerDay + _inputs.Kinds.Where(k => !k.Bought && k.Hour is not null)
            .Sum(k => 24 * k.Definition.Count!.Value * (Chooses(k) ? k.Hour!.Total - k.Hour.Energy : k.Hour!.Total));

        // One watt of a fixed share that is not filled must weigh more than any watt can earn: then shares are filled first.
        double penalty = 10 * Enumerable.Range(0, Candidates.Count).Select(c => WattsPerUnit(c) > 0
            ? ((Program.Columns[Sold[Tiers[c].Index]].Objective / TokenScale[Tiers[c].Index] * TokensPerUnit(c)) + UnitCost(Kinds[c])) / WattsPerUnit(c)
            : 0).DefaultIfEmpty(0).Max();
        foreach (PlanTier tier in _inputs.Tiers)
        {
            if (tier.PowerShare is not null && settings.PowerWatts is not null)
            {
                Shortfall[tier.Index] = Program.Add(0, double.PositiveInfinity, -Math.Max(penalty, 1e-12) * 1e6);
            }
        }
    }

    private void AddHardware(Settings settings)
    {
        foreach (PlanKind kind in _inputs.Kinds)
        {
            List<(int, double)> terms = [.. Enumerable.Range(0, Candidates.Count).Where(c => Kinds[c] == kind).Select(c => (Running[c], 1.0))];
            if (Units[kind.Index] is >= 0 and int units)
            {
                Program.Constrain(double.NegativeInfinity, 0, [.. terms, (units, -1.0)]);
                if (SpareUsed[kind.Index] is >= 0 and int spare)
                {
                    Program.Constrain(double.NegativeInfinity, 0, [(units, 1.0), (spare, -MostUnitsOf(kind, settings))]);
                }
            }

            if (!kind.Bought && terms.Count > 0)
            {
                HardwareRows[kind.Index] = Program.Constrain(double.NegativeInfinity, kind.Usable / kind.Unit, terms);
            }
        }
    }

    // Small enough that a whole spare unit can't hide in the solver's tolerance, and never smaller than what could be bought: points
    // that draw less than the all-in power let in more units than that power does.
    private double MostUnitsOf(PlanKind kind, Settings settings)
    {
        double watts = Enumerable.Range(0, Candidates.Count).Where(c => Kinds[c] == kind && Candidates[c].Watts is not null)
            .Select(c => Candidates[c].Watts!.Value).Append(kind.Watts).Min();
        double byPower = watts > 0 && settings.PowerWatts is { } power ? Math.Ceiling(power / (watts * kind.Unit)) : MostUnits;
        return Math.Max(1, Math.Min(Math.Min(MostUnits, byPower), _inputs.Factory.Site.Racks ?? MostUnits));
    }

    private List<(int, double)> PerUnit(Func<PlanKind, double> amount) =>
    [
        .. _inputs.Kinds.Where(k => Units[k.Index] >= 0).Select(k => (Units[k.Index], amount(k))),
        .. _inputs.Kinds.Where(k => SpareUsed[k.Index] >= 0).Select(k => (SpareUsed[k.Index], k.Spare * amount(k))),
    ];

    private void AddSite(Settings settings)
    {
        if (settings.PowerWatts is { } power)
        {
            double left = power - (_inputs.Kinds.Where(k => !k.Bought && !Chooses(k)).Sum(k => k.Definition.Count!.Value * k.Watts));
            IEnumerable<(int, double)> extra = Enumerable.Range(0, Candidates.Count)
                .Where(c => Candidates[c].Watts is not null).Select(c => (Running[c], (WattsPerUnit(c) - (Kinds[c].Watts * Kinds[c].Unit)) / 1e6));
            PowerRow = Program.Constrain(double.NegativeInfinity, Math.Max(0, left) / 1e6, [.. PerUnit(k => k.Watts * k.Unit / 1e6), .. extra]);
        }

        if (_inputs.Factory.Site.Racks is { } racks)
        {
            double there = _inputs.Kinds.Sum(k => k.UnitsThere);
            RackRow = Program.Constrain(double.NegativeInfinity, Math.Max(0, racks - there), PerUnit(k => k.Bought ? 1 : 0));
        }

        if (_inputs.Factory.Site.Budget is { } budget)
        {
            BudgetRow = Program.Constrain(double.NegativeInfinity, budget / 1e6, PerUnit(k => k.Bought ? (k.CapitalPerAccelerator ?? 0) * k.Unit / 1e6 : 0));
        }
    }

    private void AddTiers(Settings settings)
    {
        foreach (PlanTier tier in _inputs.Tiers)
        {
            int t = tier.Index;
            int[] own = [.. Enumerable.Range(0, Candidates.Count).Where(c => Tiers[c] == tier)];
            Program.Constrain(double.NegativeInfinity, 0, [(Sold[t], 1.0), .. own.Select(c => (Running[c], -TokensPerUnit(c) / TokenScale[t]))]);
            if (double.IsFinite(tier.Maximum))
            {
                MaximumRows[t] = Program.Constrain(double.NegativeInfinity, tier.Maximum / TokenScale[t], [(Sold[t], 1.0)]);
            }

            if (tier.Minimum > 0 && (settings.Required is null || settings.Required[t]))
            {
                List<(int, double)> terms = [(Sold[t], 1.0)];
                if (settings.Elastic)
                {
                    Lacking[t] = Program.Add(0, double.PositiveInfinity, -TokenScale[t] / tier.Minimum);
                    terms.Add((Lacking[t], 1.0));
                }

                MinimumRows[t] = Program.Constrain(tier.Minimum / TokenScale[t], double.PositiveInfinity, terms);
            }

            if (Shortfall[t] >= 0 && settings.PowerWatts is { } power)
            {
                double share = tier.PowerShare!.Value * power / 1e6;
                List<(int, double)> draw = [.. own.Select(c => (Running[c], WattsPerUnit(c) / 1e6))];
                PowerShareRows[t] = Program.Constrain(double.NegativeInfinity, share, draw);
                Program.Constrain(share, double.PositiveInfinity, [.. draw, (Shortfall[t], 1.0)]);
            }
        }
    }
}
