#requires -Version 7.6
#requires -Modules TokenFactory.Tools
<#
.SYNOPSIS
    From this machine's hardware to a priced token, and whether it holds the demand.
.DESCRIPTION
    The whole pipeline: what is here, what it produces, what a token costs, does it hold. Without -Model it runs on a small model with random
    weights that the module writes itself: good for speed and cost, useless for text.
.EXAMPLE
    ./examples/quickstart.ps1
.EXAMPLE
    ./examples/quickstart.ps1 -Model ~/models/phi-4-mini -Factory ./my-factory.yaml
#>
[CmdletBinding()]
param(
    # A model folder; absent takes the module's own.
    [string] $Model,
    # The factory definition to price and to judge by.
    [string] $Factory = (Join-Path $PSScriptRoot workstation.yaml),
    # Requests kept in flight, one run each.
    [int[]] $Concurrency = @(1, 2, 4, 8)
)

$ErrorActionPreference = 'Stop'
$chosen = if ($Model) { @{ Model = $Model } } else { @{} }

'What do I have?'
Get-TokenFactoryHardware | Format-Table
Get-TokenFactoryModel @chosen | Select-Object -First 1 | Tee-Object -Variable info | Format-Table

$definition = Import-TokenFactory $Factory
$runs = Measure-TokenFactoryThroughput @chosen -Concurrency $Concurrency -Requests 16 -InputTokens 64 -OutputTokens 32 -Factory $definition

'What does it produce, and what does a token cost?'
$tier = $definition.Tiers[0].Name
$runs | Format-Table -Property @(
    @{ Label = 'Concurrency'; Expression = { $_.Concurrency }; Alignment = 'Right' }
    @{ Label = 'tok/s'; Expression = { [TokenFactory.Tools.FormatHelpers]::Si($_.OutputTokensPerSecond) }; Alignment = 'Right' }
    @{ Label = 'tok/s/user'; Expression = { [TokenFactory.Tools.FormatHelpers]::Si($_.Interactivity) }; Alignment = 'Right' }
    @{ Label = 'TTFT P90'; Expression = { [TokenFactory.Tools.FormatHelpers]::Duration($_.TtftSeconds.P90) }; Alignment = 'Right' }
    @{ Label = 'TPOT P50'; Expression = { [TokenFactory.Tools.FormatHelpers]::Duration($_.TpotSeconds.P50) }; Alignment = 'Right' }
    @{ Label = 'J/token'; Expression = { [TokenFactory.Tools.FormatHelpers]::Si($_.JoulesPerToken) }; Alignment = 'Right' }
    @{ Label = "$tier/Mtok"; Expression = {
            $cost = $_.CostByTier | Where-Object Tier -EQ $tier
            [TokenFactory.Tools.FormatHelpers]::Money($cost.CostPerMillionOutputTokens, $cost.Currency)
        }; Alignment = 'Right' }
)
$noEnergy = $runs | Where-Object { $null -eq $_.JoulesPerToken } | Select-Object -First 1
if ($noEnergy) { "J/token is not measured: $($noEnergy.Unavailable['JoulesPerToken'])" }
if ($info.RandomWeights) { 'The model has random weights: its speed and cost are real, its text means nothing.' }

# What can be sold is judged at the fastest run that keeps the first tier's promise.
$points = @($runs.OperatingPoint | Where-Object { $_ })
$verdicts = @($points | Measure-TokenFactoryCapacity -Factory $definition)
''
'Does it hold?'
$verdicts | Format-Table
# The day that pays best, among the measured points.
$best = $points | ForEach-Object { , @($_ | Get-TokenFactoryCost -Factory $definition) } |
    Sort-Object { ($_ | Measure-Object ProfitPerDay -Sum).Sum } | Select-Object -Last 1
$sold = $best | ForEach-Object { '{0} of {1}' -f [TokenFactory.Tools.FormatHelpers]::Si($_.OutputTokensPerDay, 'tok'), $_.Tier }
$money = 'RevenuePerDay', 'CostPerDay' | ForEach-Object {
    [TokenFactory.Tools.FormatHelpers]::Money(($best | Measure-Object $_ -Sum).Sum, $definition.Currency)
}
"This machine can sell $($sold -join ' and ') a day: revenue $($money[0]), cost $($money[1])."
"Next: put your own prices into $(Resolve-Path $Factory -Relative), or try  Get-Help Measure-TokenFactoryThroughput -Examples"
