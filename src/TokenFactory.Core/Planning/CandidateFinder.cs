using System.Globalization;
using TokenFactory.Core.Definitions;

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

    private static void Add(
        FactoryDefinition factory, TierDefinition tier, OperatingPoint point, List<ProductionCandidate> found, ICollection<string> reasons)
    {
        bool matched = false;
        foreach (HardwareDefinition hardware in factory.Hardware)
        {
            if ((tier.Hardware is { } wanted && !Same(wanted, hardware.Name)) || !IsOfHardware(factory, hardware, point))
            {
                continue;
            }

            matched = true;
            if (OutputPerAccelerator(tier, point) is not { } output)
            {
                reasons.Add("A point with prefill apart is not counted: the tier states no workload, so prefill's share is unknown.");
            }
            else if (!(output > 0) || !double.IsFinite(output))
            {
                reasons.Add("A point without throughput is not counted.");
            }
            else
            {
                found.Add(new ProductionCandidate(tier, hardware, point, output, Watts(factory, hardware, point), Shortcoming(tier, point)));
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
        double? watts = point?.PowerWattsPerAccelerator ?? hardware.AllInPowerWatts?.Value ?? hardware.Accelerator?.AllInPowerWatts
            ?? (hardware.Accelerator?.BoardPowerWatts * (factory.Site.Pue?.Value ?? 1));
        return watts > 0 ? watts : null;
    }

    private static double? OutputPerAccelerator(TierDefinition tier, OperatingPoint point)
    {
        double output = point.OutputTokensPerSecondPerAccelerator;
        if (point.InputTokensPerSecondPerAccelerator is not { } input)
        {
            return output;
        }

        if (tier.Workload is not { } workload || !(workload.OutputTokens > 0))
        {
            return null;
        }

        double uncached = workload.InputTokens * (1 - workload.CacheHitRatio) / workload.OutputTokens;
        return 1 / ((1 / output) + (uncached / input.Value));
    }

    private static string? Shortcoming(TierDefinition tier, OperatingPoint point)
    {
        if (tier.Service.Interactivity is { } interactivity)
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

        if (tier.Service.TtftSeconds is { } ttft)
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

    private static bool IsOfHardware(FactoryDefinition factory, HardwareDefinition hardware, OperatingPoint point)
    {
        if (point.Accelerator is not { } name || Same(name, hardware.Name))
        {
            return true;
        }

        if (factory.Hardware.Any(h => Same(h.Name, name)))
        {
            return false;
        }

        return hardware.Accelerator is { } accelerator
            ? Same(accelerator.Name, name) || accelerator.Aliases.Any(a => Same(a, name))
            : factory.Hardware.Count == 1; // A lone machine that the definition does not name further is where the measuring was done.
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
