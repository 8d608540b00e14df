using TokenFactory.Core.Quantities;
using TokenFactory.Hardware;

namespace TokenFactory.Measurement.Reports.Sections;

/// <summary>What there is: the machine.</summary>
internal static class HardwareSection
{
    /// <summary>The section; null without devices.</summary>
    /// <param name="items">The objects.</param>
    public static ReportSection? Make(ReportItems items)
    {
        IReadOnlyList<HardwareDevice> devices = items.Of<HardwareDevice>();
        (string Device, string Field, string Reason)[] missing = [.. devices.SelectMany(d => d.Unavailable.Select(u => (d.Name, u.Key, u.Value)))];
        return devices.Count == 0 ? null : new ReportSection("hardware", "What is there", "The devices as this process can use them at the moment of the report.")
        {
            Tables =
            [
                new ReportTable("Devices",
                    [new("Kind", false), new("Name", false), new("Memory"), new("In use"), new("Busy"), new("Power"), new("Limit"), new("Throttled by", false)],
                    [.. devices.Select(d => (IReadOnlyList<string>)
                    [
                        d.Kind.ToString(), d.Name, FigureText.Bytes(d.MemoryBytes), FigureText.Bytes(d.MemoryUsedBytes), FigureText.Percent(d.Utilization), FigureText.Si(d.PowerWatts, "W"),
                        FigureText.Si(d.PowerLimitWatts, "W"), d.Throttle is null ? "unknown" : d.Throttle.Count == 0 ? "nothing" : string.Join(", ", d.Throttle),
                    ])]),
                .. missing.Length == 0 ? Array.Empty<ReportTable>() :
                [
                    new ReportTable("What could not be read, and why", [new("Device", false), new("Figure", false), new("Reason", false)],
                        [.. missing.Select(m => (IReadOnlyList<string>)[m.Device, m.Field, m.Reason])]),
                ],
            ],
            Provenance = [new ReportProvenance("devices", "Measured", "read from the system")],
        };
    }
}
