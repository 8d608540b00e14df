# Which accelerator is cheaper: the one at 1.41 or the one at 2.65 USD an hour? Count tokens, not hours.
Get-TokenFactoryCost $PSScriptRoot/wrong-architecture.yaml | Format-Table
# 35 times cheaper a token, 50 times the tokens of a megawatt; the older one ties at 0.0398 USD an hour.
Compare-TokenFactory $PSScriptRoot/wrong-architecture.yaml | Format-Table
# Its electricity alone costs more than that: with energy priced it is too dear even for free.
Import-TokenFactory $PSScriptRoot/wrong-architecture.yaml -Set 'site.energyPrice=0.07 USD/kWh' |
    Compare-TokenFactory | Format-List Subject, TiePrice, Tie
# The same as bars.
Show-TokenFactoryCost $PSScriptRoot/wrong-architecture.yaml -AsText
