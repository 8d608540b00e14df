using System.Globalization;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Economics;

namespace TokenFactory.Core.Planning;

/// <summary>Finds the operating points that a tier may run at.</summary>
internal static class CandidateFinder
{
    /// <summary>All points of a tier, those that miss its service level included.</summary>
    /// <param name="factory">The definition.</param>
    /// <param name="tier">One of its tiers.</param>
    /// <param name="others">Points beside the declared ones; those of another model or hardware are passed over.</param>
    /// <param name="reasons">Receives what was passed over and why.</param>
    public static List<ProductionCandidate> Find(
        FactoryDefinition factory, TierDefinition tier, IReadOnlyList<OperatingPoint> others, ICollection<string> reasons)
    {
        List<ProductionCandidate> found = [];
        foreach (OperatingPoint point in tier.Production)
        {
            Add(factory, tier, point, found, reasons);
        }

        foreach (OperatingPoint point in others)
        {
            if (IsOfModel(factory, tier, point))
            {
                Add(factory, tier, point, found, reasons);
            }
            else
            {
                reasons.Add($"A point of model '{point.Model}' is not counted: the tier serves '{tier.Model}'.");
            }
        }

        return found;
    }

    /// <summary>Reasons without repetition, and without their bulk when there are many.</summary>
    /// <param name="reasons">The reasons.</param>
    public static List<string> Shortened(IEnumerable<string> reasons)
    {
        const int Most = 4;
        List<string> distinct = [.. reasons.Distinct(StringComparer.Ordinal)];
        return distinct.Count <= Most + 1
            ? distinct
            : [.. distinct[..Most], Text($"{distinct.Count - Most} more points are not counted for like reasons.")];
    }

    private static void Add(
        FactoryDefinition factory, TierDefinition tier, OperatingPoint point, List<ProductionCandidate> found, ICollection<string> reasons)
    {
        bool matched = false;
        foreach (HardwareDefinition hardware in factory.Hardware)
        {
            if ((tier.Hardware is { } wanted && !Same(wanted, hardware.Name)) || !IsOfHardware(factory, tier, hardware, point))
            {
                continue;
            }

            matched = true;
            try
            {
                var work = PointEconomics.Of(point, tier.Workload);
                found.Add(new ProductionCandidate(tier, hardware, point, work, Watts(factory, hardware, point), Shortcoming(tier.Service, point)));
            }
            catch (TokenFactoryException e)
            {
                reasons.Add($"A point is not counted. {e.Message}");
            }
        }

        if (!matched)
        {
            reasons.Add(factory.Hardware.Count == 0
                ? "A point is not counted: the definition names no hardware."
                : $"A point of accelerator '{point.Accelerator}' is not counted: the tier may not run on it.");
        }
    }

    /// <summary>Watts per accelerator at the meter: the point's own, else the hardware's; null when unknown.</summary>
    /// <param name="factory">The definition.</param>
    /// <param name="hardware">The hardware.</param>
    /// <param name="point">The point; null asks for the hardware alone.</param>
    public static double? Watts(FactoryDefinition factory, HardwareDefinition hardware, OperatingPoint? point)
    {
        double? watts = point?.PowerWattsPerAccelerator ?? AcceleratorHourCost.AllInPowerWatts(hardware, factory.Site);
        return watts > 0 ? watts : null;
    }

    /// <summary>Why a point does not meet a service level, as far as is known; null when it does.</summary>
    /// <param name="service">The service level.</param>
    /// <param name="point">The point.</param>
    public static string? Shortcoming(ServiceLevel service, OperatingPoint point)
    {
        if (service.Interactivity is { } interactivity)
        {
            if (point.Interactivity is not { } own)
            {
                return Text($"its interactivity is unknown and the tier promises {interactivity:G4} tok/s/user");
            }

            if (own < interactivity)
            {
                return Text($"it gives {own:G4} tok/s/user and the tier promises {interactivity:G4}");
            }
        }

        if (service.TtftSeconds is { } ttft)
        {
            if (point.TtftSeconds is not { } own)
            {
                return Text($"its TTFT is unknown and the tier promises {ttft:G4} s");
            }

            if (own > ttft)
            {
                return Text($"its TTFT is {own:G4} s and the tier promises {ttft:G4} s");
            }
        }

        return null;
    }

    private static bool IsOfModel(FactoryDefinition factory, TierDefinition tier, OperatingPoint point)
    {
        if (point.Model is not { } model || tier.Model is not { } wanted || Same(model, wanted))
        {
            return true;
        }

        ModelDefinition? definition = factory.Models.FirstOrDefault(m => Same(m.Name, wanted));
        return definition?.Architecture is { } architecture
            && (Same(architecture.Name, model) || architecture.Aliases.Any(a => Same(a, model)))
            && (definition.Precision is null || point.Precision is null || Same(definition.Precision, point.Precision));
    }

    private static bool IsOfHardware(FactoryDefinition factory, TierDefinition tier, HardwareDefinition hardware, OperatingPoint point)
    {
        if (point.Accelerator is not { } name)
        {
            return true;
        }

        // An accelerator that the definition does not know is a machine's own name for where it was measured: the tier's hardware, or the only one.
        return factory.Hardware.Any(h => IsNamed(h, name)) ? IsNamed(hardware, name) : tier.Hardware is not null || factory.Hardware.Count == 1;
    }

    private static bool IsNamed(HardwareDefinition hardware, string name) => Same(hardware.Name, name)
        || (hardware.Accelerator is { } known && (Same(known.Name, name) || known.Aliases.Any(a => Same(a, name))));

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
