using TokenFactory.Core.Definitions;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Economics;

/// <summary>What one accelerator costs an hour, sold or idle, by cause; money in the definition's currency.</summary>
/// <remarks>
/// Owned: capital = annuity(price, lifetime, discount rate) / 8,760 h; energy = all-in kW × price per kWh; facility = annuity(money
/// per MW × all-in MW, facility lifetime, discount rate) / 8,760 h. Rented: the rate, and energy only where the site has a price for it.
/// Staff, which the factory pays for either, is spread evenly over its accelerators.
/// </remarks>
public sealed record AcceleratorHourCost
{
    /// <summary>Hours a year: 365 days of 24 h.</summary>
    public const double HoursPerYear = 8760;

    /// <summary>Annuity of the purchase, money per accelerator-hour; 0 when rented.</summary>
    public double Capital { get; init; }

    /// <summary>Energy, money per accelerator-hour.</summary>
    public double Energy { get; init; }

    /// <summary>Annuity of buildings and power, money per accelerator-hour; 0 when rented.</summary>
    public double Facility { get; init; }

    /// <summary>Staff, money per accelerator-hour.</summary>
    public double Staff { get; init; }

    /// <summary>Rent, money per accelerator-hour; 0 when owned.</summary>
    public double Rent { get; init; }

    /// <summary>Watts per accelerator at the meter; null when unknown, and then energy is not priced.</summary>
    public double? PowerWatts { get; init; }

    /// <summary>All causes together, money per accelerator-hour.</summary>
    public double Total => Capital + Energy + Facility + Staff + Rent;

    /// <summary>Prices one accelerator-hour of a kind of hardware.</summary>
    /// <param name="hardware">The hardware.</param>
    /// <param name="site">Energy price, facility and PUE.</param>
    /// <param name="finance">Lifetimes and discount rate.</param>
    /// <param name="staffPerHour">Staff, money per accelerator-hour; see <see cref="StaffPerHour"/>.</param>
    /// <param name="powerWatts">Watts per accelerator at the meter when an operating point knows them; null takes the hardware's.</param>
    /// <exception cref="TokenFactoryException"><c>HardwarePriceMissing</c>, <c>LifetimeMissing</c>, <c>PowerUnknown</c>, <c>FigureOutOfRange</c>.</exception>
    public static AcceleratorHourCost Of(
        HardwareDefinition hardware, SiteDefinition site, FinanceDefinition finance, double staffPerHour = 0, double? powerWatts = null)
    {
        double? allIn = AllInPowerWatts(hardware, site);
        double? drawn = powerWatts ?? allIn;
        double energy = 0;
        if (site.EnergyPricePerKilowattHour is { } price)
        {
            energy = Require(drawn, "PowerUnknown", hardware,
                $"The site prices energy, but the power of hardware '{hardware.Name}' is unknown. Add allInPower to it, for example 'allInPower: 2.1 kW'.") / 1000 * price;
        }

        var cost = new AcceleratorHourCost { Energy = energy, Staff = staffPerHour, PowerWatts = drawn };
        if (hardware.RatePerHour is { } rate)
        {
            return Checked(cost with { Rent = rate }, hardware);
        }

        double purchase = Require(hardware.Price, "HardwarePriceMissing", hardware,
            $"Hardware '{hardware.Name}' has neither price nor rate. Add 'price: 40 kUSD' when it is bought or 'rate: 3.30 USD/h' when it is rented{CatalogHint(hardware)}.");
        double lifetime = Require(finance.LifetimeYears, "LifetimeMissing", hardware,
            $"Hardware '{hardware.Name}' is bought, but over how long is it paid? Add 'finance: {{ lifetime: 5 years }}'.");
        double discountRate = finance.DiscountRate ?? 0;
        double facility = 0;
        if (site.FacilityCostPerMegawatt is { } perMegawatt)
        {
            double watts = Require(allIn ?? drawn, "PowerUnknown", hardware,
                $"The facility is priced per megawatt, but the power of hardware '{hardware.Name}' is unknown. Add allInPower to it, for example 'allInPower: 2.1 kW'.");
            facility = perMegawatt * watts / 1e6 * Annuity.PerYear(discountRate, finance.FacilityLifetimeYears ?? lifetime) / HoursPerYear;
        }

        return Checked(cost with { Capital = purchase * Annuity.PerYear(discountRate, lifetime) / HoursPerYear, Facility = facility }, hardware);
    }

    /// <summary>Watts per accelerator at the meter: what the definition says, else the catalog's all-in power, else board power × PUE.</summary>
    /// <remarks>An all-in power has the PUE inside already (DESIGN: PUE multiplies IT power). Board power leaves out the host's share.</remarks>
    /// <param name="hardware">The hardware.</param>
    /// <param name="site">The site, for its PUE.</param>
    /// <returns>Watts; null when nothing says them.</returns>
    public static double? AllInPowerWatts(HardwareDefinition hardware, SiteDefinition site) =>
        hardware.AllInPowerWatts?.Value
        ?? hardware.Accelerator?.AllInPowerWatts
        ?? (hardware.Accelerator?.BoardPowerWatts is { } board ? board * (site.Pue?.Value ?? 1) : null);

    /// <summary>Staff per accelerator-hour: money a year / 8,760 h / accelerators.</summary>
    /// <param name="finance">The staff's money a year.</param>
    /// <param name="accelerators">Accelerators that share it, above 0.</param>
    public static double StaffPerHour(FinanceDefinition finance, double accelerators) =>
        (finance.StaffCostPerYear ?? 0) / HoursPerYear / accelerators;

    private static double Require(Estimate? value, string errorId, HardwareDefinition hardware, string message) =>
        value ?? throw new TokenFactoryException(errorId, FailureKind.InvalidInput, message, hardware.Name);

    private static AcceleratorHourCost Checked(AcceleratorHourCost cost, HardwareDefinition hardware)
    {
        double[] parts = [cost.Capital, cost.Energy, cost.Facility, cost.Staff, cost.Rent];
        return Array.TrueForAll(parts, p => p >= 0 && p < 1e100) ? cost : throw new TokenFactoryException("FigureOutOfRange", FailureKind.InvalidInput,
            $"The cost of hardware '{hardware.Name}' comes out as {cost.Total:G3} an hour, which no money can be. Check price, rate, energyPrice, allInPower, facility and staff: none may be negative.", hardware.Name);
    }

    private static string CatalogHint(HardwareDefinition hardware) =>
        hardware.Accelerator is { RatesPerHourUsd.Count: > 0 } known
            ? FormattableString.Invariant($" (the catalog knows, in USD/h: {string.Join(", ", known.RatesPerHourUsd.Select(r => FormattableString.Invariant($"{r.Key} {r.Value}")))})")
            : "";
}
