using System.Management.Automation;
using TokenFactory.Core;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Adds the operator -HoldCapacity to Pester's Should, so that a suite can check a factory's capacity.</summary>
/// <remarks>
/// <para>After it, $factory | Should -HoldCapacity -Headroom '20 %' -Until 2027-06-30 passes when every tier has the headroom up to that day; it takes -AsOf and
/// -OperatingPoint as Measure-TokenFactoryCapacity does. The failure message names the tier, the limit and the figures. Works with Pester 5.9 and 6.</para>
/// <para>Call it in BeforeAll of the suite. Calling it again does no harm. Pester is imported when it is not there yet.</para>
/// </remarks>
/// <example>
///   <code>if (Get-Module Pester) { Register-TokenFactoryShouldOperator }</code>
///   <para>Adds the operator in a session that has Pester.</para>
/// </example>
/// <example>
///   <code>if (Get-Module Pester) { Register-TokenFactoryShouldOperator -PassThru }</code>
///   <para>Also says which operator was added to which Pester.</para>
/// </example>
/// <example>
///   <code>if (Get-Module Pester) { Register-TokenFactoryShouldOperator; Get-Content examples/capacity.Tests.ps1 }</code>
///   <para>Shows the suite that an administrator copies.</para>
/// </example>
[Cmdlet(VerbsLifecycle.Register, "TokenFactoryShouldOperator")]
[OutputType(typeof(PSObject))]
public sealed class RegisterTokenFactoryShouldOperatorCommand : TokenFactoryCommand
{
    private const string Operator = "HoldCapacity";

    /// <summary>Writes the operator's name and the version of Pester that it was added to.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        PSModuleInfo pester = Pester();
        string script = Path.Join(Path.GetDirectoryName(typeof(RegisterTokenFactoryShouldOperatorCommand).Assembly.Location), "ShouldOperator.ps1");
        if (!File.Exists(script))
        {
            throw new TokenFactoryException("ModuleIncomplete", FailureKind.NotFound,
                $"'{script}' is missing. Install the module again.", script);
        }

        // A script block literal is bound to a session, as Pester wants it; adding the same text again is no error to Pester. The outer block keeps
        // its variables out of the caller's scope.
        ScriptBlock add = ScriptBlock.Create("""
            & {
                param($pester, $name, $path)
                $test = & ([scriptblock]::Create("{`n$(Get-Content -LiteralPath $path -Raw)`n}"))
                & $pester { param($name, $test) Add-ShouldOperator -Name $name -InternalName "Should-$name" -Test $test } $name $test
            } @args
            """);
        SessionState.InvokeCommand.InvokeScript(SessionState, add, pester, Operator, script);
        WriteVerbose($"Should -{Operator} was added to Pester {pester.Version}.");
        if (PassThru)
        {
            var result = new PSObject();
            result.Properties.Add(new PSNoteProperty("Operator", Operator));
            result.Properties.Add(new PSNoteProperty("PesterVersion", pester.Version));
            WriteObject(result);
        }
    }

    private PSModuleInfo Pester()
    {
        ScriptBlock find = ScriptBlock.Create("""
            & {
                $loaded = Get-Module -Name Pester | Sort-Object -Property Version -Descending | Select-Object -First 1
                if (-not $loaded) { $loaded = Import-Module -Name Pester -MinimumVersion 5.0 -Global -PassThru -ErrorAction Ignore }
                $loaded
            }
            """);
        PSModuleInfo? module = SessionState.InvokeCommand.InvokeScript(SessionState, find).Select(o => o?.BaseObject).OfType<PSModuleInfo>().FirstOrDefault();
        if (module is null)
        {
            throw new TokenFactoryException("PesterNotFound", FailureKind.NotFound,
                "Pester is neither loaded nor installed. Install it with 'Install-PSResource Pester' and call this again.", "Pester");
        }

        return module.Version >= new Version(5, 0) ? module : throw new TokenFactoryException("PesterTooOld", FailureKind.NotSupported,
            $"Pester {module.Version} is loaded; its Should can't take operators as version 5 does. Import Pester 5.9 or 6.", module.Version);
    }
}
