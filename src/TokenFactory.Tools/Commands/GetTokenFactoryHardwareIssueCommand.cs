using System.Management.Automation;
using TokenFactory.Hardware.Doctor;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Finds what stands between this machine's hardware and serving, and says what to do about each.</summary>
/// <remarks>
/// Looks at drivers and their versions, devices that are lost, hang or refuse this user, throttling now, PCI Express and device links, memory
/// errors, limits of locked memory and of containers, and whether ONNX Runtime has a provider for each accelerator. Ids are stable:
/// a check may name those it accepts. Writes nothing on a machine in order. Test-TokenFactoryHardware gives the same as a Boolean.
/// </remarks>
/// <example>
/// <code>Get-TokenFactoryHardwareIssue</code>
/// <para>Lists what is wrong, the worst first.</para>
/// </example>
/// <example>
/// <code>Get-TokenFactoryHardwareIssue -Severity Information | Format-List</code>
/// <para>Shows everything worth knowing, with message and remedy in full.</para>
/// </example>
/// <example>
/// <code>Get-TokenFactoryHardwareIssue | Where-Object Id -ne PowerThrottling</code>
/// <para>Leaves out an issue that is accepted here.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "TokenFactoryHardwareIssue")]
[OutputType(typeof(HardwareIssue))]
public sealed class GetTokenFactoryHardwareIssueCommand : TokenFactoryCommand
{
    /// <summary>The least severity to list. Default: Warning.</summary>
    [Parameter(Position = 0)]
    public IssueSeverity Severity { get; set; } = IssueSeverity.Warning;

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        foreach (HardwareIssue issue in HardwareDoctor.Examine(cancellationToken: StopToken))
        {
            if (issue.Severity >= Severity)
            {
                WriteObject(issue);
            }
        }
    }
}
