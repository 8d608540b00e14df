# A published day: 87,072 USD of rent make 562.1 k USD at list prices, 545 % of the cost earned on top.
$day = Get-TokenFactoryCost $PSScriptRoot/deepseek-day.yaml
$day | Format-List CostPerDay, RevenuePerDay, ProfitPerDay, ReturnOnCost
# Prefill and decode run on machines of their own, so each kind of token has a cost of its own.
$day | Format-List PrefillAccelerators, DecodeAccelerators, CostPerMillionInputTokens, CostPerMillionOutputTokens
# The causes sum to the day's cost to the last digit.
$day.Causes | Format-Table
# What if the accelerators had cost as much as H100s rented for three years?
Import-TokenFactory $PSScriptRoot/deepseek-day.yaml -Set 'hardware.h800.rate=1.30 USD/h' | Get-TokenFactoryCost | Format-Table
