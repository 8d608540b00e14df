using System.Management.Automation;
using TokenFactory.Hardware;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Shows what this machine has: processors, memory and accelerators, as this process can use them.</summary>
/// <remarks>
/// Writes one object a device: the system itself, its processors together, main memory, then each GPU and neural processor. Figures are
/// what this process can use: control groups, affinity and container limits count. Every field is a value, or null with its reason in
/// Unavailable. What the machine lacks is absent, never an error; a device that is lost, hangs or refuses this user is written with its
/// state and hides no other. No administrator's rights are needed: RootWouldAdd of the system tells what they would add.
/// </remarks>
/// <example>
/// <code>Get-TokenFactoryHardware</code>
/// <para>Lists the devices of this machine with memory, power and state.</para>
/// </example>
/// <example>
/// <code>(Get-TokenFactoryHardware -Kind Cpu).Cpu.Caches</code>
/// <para>Shows the processor's caches.</para>
/// </example>
/// <example>
/// <code>(Get-TokenFactoryHardware -Kind Cpu).Unavailable | Format-Table -Wrap</code>
/// <para>Tells which fields of the processor have no value, and why.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "TokenFactoryHardware")]
[OutputType(typeof(HardwareDevice))]
public sealed class GetTokenFactoryHardwareCommand : TokenFactoryCommand
{
    /// <summary>Kinds of device to show. Default: all.</summary>
    [Parameter(Position = 0)]
    public HardwareKind[] Kind { get; set; } = [];

    /// <summary>Goes on writing samples until Ctrl+C.</summary>
    [Parameter]
    public SwitchParameter Watch { get; set; }

    /// <summary>Seconds between samples of -Watch. Default: 1.</summary>
    [Parameter]
    [ValidateRange(0.05, 86400)]
    public double Interval { get; set; } = 1;

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        using var probe = new HardwareProbe(new HardwareProbeOptions { Kinds = Kind });
        if (!Watch)
        {
            WriteObject(probe.Sample(StopToken), enumerateCollection: true);
            return;
        }

        foreach (IReadOnlyList<HardwareDevice> sample in probe.Watch(TimeSpan.FromSeconds(Interval), StopToken))
        {
            WriteObject(sample, enumerateCollection: true);
        }
    }
}
