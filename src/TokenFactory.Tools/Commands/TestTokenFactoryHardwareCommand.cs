using System.Management.Automation;
using TokenFactory.Hardware.Doctor;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Tells whether this machine's hardware is in order for serving.</summary>
/// <remarks>
/// True when Get-TokenFactoryHardwareIssue would list nothing of the given severity or worse. -Verbose tells what was found.
/// </remarks>
/// <example>
/// <code>Test-TokenFactoryHardware</code>
/// <para>True when there is no warning and no error.</para>
/// </example>
/// <example>
/// <code>if (-not (Test-TokenFactoryHardware -Severity Error)) { Get-TokenFactoryHardwareIssue }</code>
/// <para>Lists the issues of a machine with at least one error.</para>
/// </example>
/// <example>
/// <code>Test-TokenFactoryHardware -Except PowerThrottling, LockedMemoryLimit -Verbose</code>
/// <para>Accepts two issues, and tells what else was found.</para>
/// </example>
[Cmdlet(VerbsDiagnostic.Test, "TokenFactoryHardware")]
[OutputType(typeof(bool))]
public sealed class TestTokenFactoryHardwareCommand : TokenFactoryCommand
{
    /// <summary>The least severity that counts. Default: Warning.</summary>
    [Parameter(Position = 0)]
    public IssueSeverity Severity { get; set; } = IssueSeverity.Warning;

    /// <summary>Ids of issues that are accepted.</summary>
    [Parameter]
    public string[] Except { get; set; } = [];

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        bool passed = true;
        foreach (HardwareIssue issue in HardwareDoctor.Examine(cancellationToken: StopToken))
        {
            WriteVerbose($"{issue.Severity} {issue.Id} ({issue.Device}): {issue.Message} {issue.Remedy}");
            passed &= issue.Severity < Severity || Except.Contains(issue.Id, StringComparer.OrdinalIgnoreCase);
        }

        WriteObject(passed);
    }
}
