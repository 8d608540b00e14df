using System.Management.Automation;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Planning;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Tells whether a factory's capacity holds its demand: true or false, nothing else.</summary>
/// <remarks>
/// <para>True when every tier that states a demand has the headroom that was asked for on every day up to -Until, and every other tier can produce at all.
/// Measure-TokenFactoryCapacity gives the details; -Verbose names the tier and the limit that failed.</para>
/// </remarks>
/// <example>
///   <code>Test-TokenFactoryCapacity examples/capacity.yaml</code>
///   <para>True when all tiers hold today.</para>
/// </example>
/// <example>
///   <code>if (-not (Test-TokenFactoryCapacity examples/capacity.yaml -Headroom '20 %')) { 'Order hardware.' }</code>
///   <para>Acts on the answer.</para>
/// </example>
/// <example>
///   <code>Test-TokenFactoryCapacity examples/capacity.yaml -Until ([datetime]::Today.AddYears(1)) -Verbose</code>
///   <para>Asks for a whole year of growth and says which tier fails.</para>
/// </example>
[Cmdlet(VerbsDiagnostic.Test, "TokenFactoryCapacity")]
[OutputType(typeof(bool))]
public sealed class TestTokenFactoryCapacityCommand : CapacityCommand
{
    /// <inheritdoc/>
    protected override void Judge(FactoryDefinition factory, CapacityOptions options)
    {
        IReadOnlyList<CapacityVerdict> verdicts = CapacityModel.Evaluate(factory, options, StopToken);
        foreach (CapacityVerdict verdict in verdicts.Where(v => !v.Holds))
        {
            WriteVerbose(verdict.Explain());
        }

        WriteObject(verdicts.All(v => v.Holds));
    }
}
