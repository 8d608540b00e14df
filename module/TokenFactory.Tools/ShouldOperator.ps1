# The Should operator that Register-TokenFactoryShouldOperator adds to Pester: $factory | Should -HoldCapacity.
# ActualValue, Negate, Because and CallerSessionState are Pester's contract (5 and 6). No CmdletBinding: Pester makes each parameter one of Should's
# own, and common ones are there already.
param(
    $ActualValue,
    [object] $Headroom = 0,
    [Nullable[datetime]] $Until,
    [Nullable[datetime]] $AsOf,
    [object[]] $OperatingPoint,
    [switch] $Negate,
    [string] $Because,
    $CallerSessionState
)

$question = @{ Headroom = $Headroom }
if ($Until) { $question.Until = $Until }
if ($AsOf) { $question.AsOf = $AsOf }
if ($OperatingPoint) { $question.OperatingPoint = $OperatingPoint }

$reason = if ($Because) { " because $($Because -replace '^\s*because\s+')," } else { '' }
try {
    $verdicts = @(TokenFactory.Tools\Measure-TokenFactoryCapacity -Factory $ActualValue @question -ErrorAction Stop)
}
catch {
    # A factory that can't be judged holds nothing, and neither does it fail to.
    return [pscustomobject]@{ Succeeded = $false; FailureMessage = "Expected a factory whose capacity can be judged,$reason but $($_.Exception.Message)" }
}

$failed = @($verdicts | Where-Object Holds -EQ $false)
$name = $verdicts[0].Factory
$succeeded = ($failed.Count -eq 0) -ne $Negate
$message = if ($succeeded) { '' }
elseif ($Negate) { "Expected factory '$name' not to hold its capacity,$reason but every tier holds. $($verdicts.Explain() -join ' ')" }
else { "Expected factory '$name' to hold its capacity,$reason but $($failed.Count) of $($verdicts.Count) tiers $(if ($failed.Count -eq 1) { 'does' } else { 'do' }) not. $($failed.Explain() -join ' ')" }
[pscustomobject]@{ Succeeded = $succeeded; FailureMessage = $message }
