using TokenFactory.Core.Definitions;

namespace TokenFactory.Core.Economics;

/// <summary>One kind of hardware through an outlook: what was bought when, and what stands.</summary>
internal sealed class OutlookHardware
{
    private readonly double[] _bought;
    private readonly double _periodYears;
    private readonly double _lifetime;

    public OutlookHardware(FactoryDefinition definition, HardwareDefinition hardware, int periods, double periodYears)
    {
        Definition = hardware;
        IsRented = hardware.RatePerHour is not null;
        Watts = AcceleratorHourCost.AllInPowerWatts(hardware, definition.Site);
        // The same refusals as for the cost of an hour: no price, no lifetime, no power where energy or facility need it.
        AcceleratorHourCost hour = AcceleratorHourCost.Of(hardware, definition.Site, definition.Finance);
        EnergyPerHour = hour.Energy;
        RentPerHour = hour.Rent;
        Price = IsRented ? 0 : hardware.Price!.Value;
        _lifetime = definition.Finance.LifetimeYears ?? double.PositiveInfinity;
        _bought = new double[periods];
        _periodYears = periodYears;
    }

    public HardwareDefinition Definition { get; }

    public bool IsRented { get; }

    public double? Watts { get; }

    public double EnergyPerHour { get; }

    public double RentPerHour { get; }

    public double Price { get; }

    public int Unit => Math.Max(1, Definition.UnitSize);

    /// <summary>Accelerators that run in this period.</summary>
    public double Installed { get; set; }

    /// <summary>Accelerators that are bought in this period.</summary>
    public double Wanted { get; set; }

    /// <summary>What stands when a period begins: owned hardware until its lifetime ends; rent is taken anew each period.</summary>
    public void Begin(int k, double start)
    {
        Installed = 0;
        Wanted = 0;
        for (int j = 0; j < k && !IsRented; j++)
        {
            Installed += start - (j * _periodYears) < _lifetime - 1e-9 ? _bought[j] : 0;
        }
    }

    public void Buy(int k, double accelerators)
    {
        _bought[k] += accelerators;
        Installed += accelerators;
    }

    public double BookValue(int periods)
    {
        double value = 0;
        for (int j = 0; j < periods && !IsRented; j++)
        {
            value += _bought[j] * Price * Math.Max(0, 1 - ((periods - j) * _periodYears / _lifetime));
        }

        return value;
    }
}
