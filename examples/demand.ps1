# Demand grows a million times in two years, that is 78 % a month; the site has one gigawatt.
$outlook = Get-TokenFactoryOutlook $PSScriptRoot/demand.yaml
$outlook | Format-List Factory, DemandMultiple, DemandGrowthPerMonth, DemandMetAtEnd
# The gigawatt is full within a year; from then on it is sold out and the rest goes unserved.
$outlook.Periods | Format-Table
# Whether it pays, and how sure that is.
$outlook | Format-List NetPresentValue, NetPresentValueRange, InternalRateOfReturn, PaybackYears, LossProbability
# What matters most.
$outlook.Tornado | Format-Table
