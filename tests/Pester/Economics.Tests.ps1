BeforeAll {
    $examples = Join-Path $PWD examples
    # The names of what a table shows, at 80 columns as when redirected.
    function Show-Table($InputObject) { $InputObject | Out-String -Width 80 }
}

Describe 'Published figures' -Tag 'Culture' {
    It 'prices the published day' {
        $day = Get-TokenFactoryCost $examples/deepseek-day.yaml
        $day.CostPerDay | Should -Be 87072
        [math]::Round($day.RevenuePerDay / 1000, 1) | Should -Be 562.1
        $day.ReturnOnCost | Should -BeGreaterThan 5.45
        $day.ReturnOnCost | Should -BeLessThan 5.46
        $day.Causes.Phase | Should -Contain 'Prefill'
        $day.Causes.Phase | Should -Contain 'Decode'
        ($day.Causes | Measure-Object CostPerDay -Sum).Sum | Should -Be $day.CostPerDay
    }

    It 'prices the day in a table with separators of no culture' {
        Show-Table (Get-TokenFactoryCost $examples/deepseek-day.yaml) | Should -Match '\$87,072\.00'
    }

    It 'prices a token on two generations' {
        $old, $new = Get-TokenFactoryCost $examples/wrong-architecture.yaml
        [math]::Round($old.CostPerMillionOutputTokens, 2) | Should -Be 4.35
        [math]::Round($new.CostPerMillionOutputTokens, 3) | Should -Be 0.123
        [math]::Round($old.TokensPerSecondPerMegawatt / 1e3) | Should -Be 54
        [math]::Round($new.TokensPerSecondPerMegawatt / 1e6, 1) | Should -Be 2.8
        [math]::Round($old.JoulesPerToken, 2) | Should -Be 18.56
        $table = Show-Table @($old, $new)
        $table | Should -Match '\$4\.35'
        $table | Should -Match '\$0\.123'
    }

    It 'finds the newer one 35 and 50 times better and the tie at 0.0398' {
        $old, $new = Compare-TokenFactory $examples/wrong-architecture.yaml
        [math]::Floor($new.CostRatio) | Should -Be 35
        [math]::Round($new.CostRatio, 1) | Should -Be 35.5
        [math]::Round($new.TokensPerMegawattRatio) | Should -Be 52
        $table = Show-Table @($old, $new)
        $table | Should -Match '\$0\.0398'
        $table | Should -Match '35\.5'
    }

    It 'finds it too dear even for free when energy has a price' {
        $old = Import-TokenFactory $examples/wrong-architecture.yaml -Set 'site.energyPrice=0.07 USD/kWh' | Compare-TokenFactory | Select-Object -First 1
        $old.TiePrice | Should -BeLessThan 0
        $old.Tie | Should -Match '^Even free, h200 is dearer'
        $old.Tie | Should -Match '0\.117'
    }

    It 'budgets 7,500 a day for fifty million tokens at 150' {
        $line = Get-TokenFactoryBudget $examples/researcher-budget.yaml
        $line.PriceCostPerDay | Should -Be 7500
        $line.Assumed | Should -BeTrue
        Show-Table $line | Should -Match '\$7,500\.00'
    }

    It 'compounds ten thousand and a hundred times to a million, 78 % a month' {
        $outlook = Get-TokenFactoryOutlook $examples/demand.yaml -Draws 100
        [math]::Round($outlook.DemandMultiple) | Should -Be 1000000
        [math]::Round($outlook.DemandGrowthPerMonth * 100) | Should -Be 78
        $outlook.Periods[-1].DrawnWatts | Should -BeLessOrEqual 1e9
        $outlook.DemandMetAtEnd | Should -BeLessThan 0.1
    }
}

Describe 'Get-TokenFactoryCost' {
    It 'takes a row of figures by the pipeline' {
        $cost = [pscustomobject]@{ Accelerator = 'h200'; OutputTokensPerSecondPerAccelerator = '180'; Source = 'Measured' } |
            Get-TokenFactoryCost $examples/wrong-architecture.yaml
        $cost.Tier | Should -Be 'r1-on-h200'
        $cost.Source | Should -Be 'Measured'
        [math]::Round($cost.CostPerMillionOutputTokens, 3) | Should -Be 2.176
    }

    It 'takes what has an operating point, and prices it' {
        $point = (Get-TokenFactoryCost $examples/wrong-architecture.yaml)[1]
        $again = $point | Get-TokenFactoryCost $examples/wrong-architecture.yaml
        $again.CostPerMillionOutputTokens | Should -Be $point.CostPerMillionOutputTokens
        $again.OperatingPoint.CostPerMillionOutputTokens | Should -Be $point.CostPerMillionOutputTokens
    }

    It 'takes definitions by the pipeline and filters tiers' {
        $costs = Import-TokenFactory $examples/wrong-architecture.yaml, $examples/deepseek-day.yaml | Get-TokenFactoryCost -Tier '*h200', r1
        $costs.Tier | Should -Be 'r1-on-h200', 'r1'
    }

    It 'says what is missing and goes on' {
        $text = "factory: x`nhardware: [ { name: a, price: 1 kUSD } ]`ntiers: [ { name: t, production: { output: 5 tok/s/accelerator } } ]"
        Set-Content (Join-Path $TestDrive x.yaml) $text
        $result = Import-TokenFactory (Join-Path $TestDrive x.yaml), $examples/deepseek-day.yaml | Get-TokenFactoryCost -ErrorVariable problems -ErrorAction SilentlyContinue
        $result.Factory | Should -Be 'deepseek-day'
        $problems[0].FullyQualifiedErrorId | Should -Match '^LifetimeMissing'
        $problems[0].Exception.Message | Should -Match 'lifetime: 5 years'
    }

    It 'fits its view in 80 columns' {
        $lines = (Show-Table (Get-TokenFactoryCost $examples/wrong-architecture.yaml)) -split '\r?\n'
        ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
        $lines -join "`n" | Should -Match 'Profit/d'
    }

    It 'round-trips through JSON and CSV' {
        $cost = Get-TokenFactoryCost $examples/deepseek-day.yaml
        ($cost | ConvertTo-Json -Depth 6 | ConvertFrom-Json).CostPerDay | Should -Be 87072
        [double]::Parse(($cost | ConvertTo-Csv | ConvertFrom-Csv).RentPerDay, [cultureinfo]::InvariantCulture) | Should -Be $cost.RentPerDay
    }

    It 'gives ranges that a seed repeats' {
        $factory = Import-TokenFactory $examples/wrong-architecture.yaml -Set 'hardware.h200.rate=1.41 USD/h ± 10 %'
        $once, $again = 1..2 | ForEach-Object { (Get-TokenFactoryCost $factory -Seed 3)[0].CostPerMillionOutputTokensRange }
        $once.P10 | Should -BeLessThan $once.P90
        $once | Should -Be $again
    }

    It 'completes tiers' {
        (TabExpansion2 'Get-TokenFactoryCost examples/wrong-architecture.yaml -Tier r1-on-g').CompletionMatches.CompletionText | Should -Be 'r1-on-gb300'
    }
}

Describe 'Compare-TokenFactory' {
    It 'writes the cheapest at each speed' {
        $factory = Import-TokenFactory $examples/wrong-architecture.yaml -Set 'tiers.r1-on-h200.production.interactivity=120 tok/s/user', 'tiers.r1-on-gb300.production.interactivity=50 tok/s/user'
        (Compare-TokenFactory $factory -Interactivity 40, 100).Subject | Should -Be 'r1-on-gb300', 'r1-on-h200'
        { Compare-TokenFactory $factory -Interactivity 500 -ErrorAction Stop } | Should -Throw -ErrorId 'InteractivityNotReached*'
    }

    It 'takes several definitions and a reference' {
        $rows = Compare-TokenFactory $examples/wrong-architecture.yaml, $examples/deepseek-day.yaml -Reference r1
        $rows.Count | Should -Be 3
        $rows[2].CostRatio | Should -Be 1
    }

    It 'names what there is when the reference is not' {
        { Compare-TokenFactory $examples/wrong-architecture.yaml -Reference h9 } | Should -Throw -ErrorId 'ReferenceNotFound*' -ExpectedMessage '*r1-on-gb300*'
    }
}

Describe 'Get-TokenFactoryBudget' {
    It 'takes roles of a table' {
        $lines = 'Role,Headcount,TokensPerPersonPerDay', 'analyst,12,500k', 'researcher,3,50M' | ConvertFrom-Csv |
            Get-TokenFactoryBudget $examples/researcher-budget.yaml -Tier ultra
        $lines.TokensPerDay | Should -Be 6e6, 150e6
        ($lines | Measure-Object OwnCostPerDay -Sum).Sum | Should -Be (72 * 24 * 3.96)
    }

    It 'refuses a tier that is not there' {
        { Get-TokenFactoryBudget $examples/researcher-budget.yaml -Role x -TokensPerPersonPerDay 1M -Tier gold } | Should -Throw -ErrorId 'TierNotFound*'
    }
}

Describe 'Get-TokenFactoryOutlook' {
    BeforeAll { $outlook = Get-TokenFactoryOutlook $examples/demand.yaml -Draws 500 -Seed 2 }

    It 'has a period a step, whose cash adds up' {
        $outlook.Periods.Count | Should -Be 8
        $sum = ($outlook.Periods | Measure-Object Cash -Sum).Sum
        [math]::Abs($sum - $outlook.Periods[-1].CumulativeCash) | Should -BeLessThan ([math]::Abs($sum) * 1e-9)
    }

    It 'has percentiles and a tornado' {
        $outlook.NetPresentValueRange.P10 | Should -BeLessThan $outlook.NetPresentValueRange.P90
        $outlook.Tornado[0].Swing | Should -BeGreaterThan $outlook.Tornado[-1].Swing
        $outlook.Tornado.Input | Should -Contain 'hardware.rubin.price'
    }

    It 'shows periods in 80 columns' {
        (Show-Table $outlook.Periods) -split '\r?\n' | ForEach-Object Length | Measure-Object -Maximum | ForEach-Object Maximum | Should -BeLessOrEqual 80
    }
}

Describe 'Show-TokenFactoryCost' {
    It 'writes nothing when redirected and not asked for text' {
        Show-TokenFactoryCost $examples/wrong-architecture.yaml | Should -BeNullOrEmpty
    }

    It 'writes bars as text without escape sequences' {
        $text = Show-TokenFactoryCost $examples/wrong-architecture.yaml -AsText -Width 80
        $text -join "`n" | Should -Match 'r1-on-h200 +4\.35 USD/Mtok +R{10}'
        $text -join "`n" | Should -Not -Match "`e"
        ($text | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
    }

    It 'plots the frontier' {
        $factory = Import-TokenFactory $examples/wrong-architecture.yaml -Set 'tiers.r1-on-h200.production.interactivity=120 tok/s/user', 'tiers.r1-on-gb300.production.interactivity=50 tok/s/user'
        $text = (Show-TokenFactoryCost $factory -AsText -Frontier -Width 80) -join "`n"
        $text | Should -Match 'A r1-on-gb300'
        $text | Should -Match 'tok/s per user'
    }
}

Describe 'Example <_>' -ForEach 'deepseek-day', 'wrong-architecture', 'researcher-budget', 'demand' {
    It 'tells its story' {
        $out = & (Join-Path $PWD examples "$_.ps1") 2>&1
        $out | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] } | Should -BeNullOrEmpty
        ($out | Out-String -Width 80).Trim() | Should -Not -BeNullOrEmpty
    }
}
