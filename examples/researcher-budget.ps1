# 50 million tokens a day at 150 USD a million: what does one researcher cost?
$budget = Get-TokenFactoryBudget $PSScriptRoot/researcher-budget.yaml
$budget | Format-List Role, TokensPerDay, PriceCostPerDay
# A rack of 72 of one's own costs less from this many tokens a day on. Its speed is assumed, and says so.
$budget | Format-List OwnCostPerDay, BreakEvenTokensPerDay, Verdict, Assumed
# One rack serves many more: what if the whole group asks?
Get-TokenFactoryBudget $PSScriptRoot/researcher-budget.yaml -Role researcher -Headcount 20 -TokensPerPersonPerDay '50 Mtok' | Format-Table
# And at a tenth of the price?
Import-TokenFactory $PSScriptRoot/researcher-budget.yaml -Set 'tiers.ultra.price.output=15 USD/Mtok' | Get-TokenFactoryBudget | Format-Table
