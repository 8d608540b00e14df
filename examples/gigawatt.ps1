#requires -Version 7.6
# What a gigawatt earns as it was reported to be split, what the planner makes of it, and what one more megawatt is worth.
$factory = Import-TokenFactory (Join-Path $PSScriptRoot gigawatt.yaml)
$reported = Optimize-TokenFactory $factory
$planned = Optimize-TokenFactory $factory -IgnorePowerShare
'A quarter of the power for each of four tiers (second-hand; operating points and demand are assumed):'
$reported.Allocations | Format-Table
'The planner''s own split, with the ultra tier:'
$planned.Allocations | Format-Table
'{0:N1} times the revenue: {1} against {2} a day.' -f ($planned.RevenuePerDay / $reported.RevenuePerDay), [TokenFactory.Tools.FormatHelpers]::Money($planned.RevenuePerDay), [TokenFactory.Tools.FormatHelpers]::Money($reported.RevenuePerDay)
'One more megawatt is worth {0} a day.' -f [TokenFactory.Tools.FormatHelpers]::Money(($planned.ShadowPrices | Where-Object Resource -EQ Power).ValuePerDay)
