#requires -Version 7.6
#requires -Modules TokenFactory.Tools
# A capacity check to copy: point it at your own definition and run it with Invoke-Pester, by hand or in a pipeline.
# The build fails on the day on which the headroom is gone, and says which tier, which limit and when.
param(
    # The factory definition.
    [string] $Path = (Join-Path $PSScriptRoot capacity.yaml),
    # The headroom that must be left over each tier's demand.
    [string] $Headroom = '20 %',
    # The day of the question, and the last day on which it must hold.
    [datetime] $AsOf = '2027-01-01',
    [datetime] $Until = '2027-06-30'
)

BeforeDiscovery {
    $tiers = Measure-TokenFactoryCapacity $Path -Headroom $Headroom -AsOf $AsOf -Until $Until | ForEach-Object { @{ Tier = $_.Tier; Verdict = $_ } }
}

BeforeAll {
    Register-TokenFactoryShouldOperator
    $factory = Import-TokenFactory $Path
}

Describe 'Capacity' {
    It 'holds every tier''s demand with its headroom' {
        $factory | Should -HoldCapacity -Headroom $Headroom -AsOf $AsOf -Until $Until
    }

    It 'of <Tier> is not exhausted by then' -ForEach $tiers {
        if ($Verdict.ExhaustedOn) { $Verdict.ExhaustedOn.ToDateTime([timeonly]::MinValue) | Should -BeGreaterThan $Until -Because $Verdict.LimitDetail }
        $Verdict.CapacityTokensPerDay | Should -BeGreaterThan 0 -Because ($Verdict.Reasons -join ' ')
    }
}
