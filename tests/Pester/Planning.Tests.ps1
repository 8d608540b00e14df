BeforeAll {
    # 10 accelerators of 100 tok/s: 86.4 Mtok a day.
    $yaml = @'
factory: small
site: { power: 20 kW }
finance: { lifetime: 1 year }
hardware:
  - { name: gpu, allInPower: 1 kW, price: 3650 USD, count: 10 }
tiers:
  - name: gold
    price: { output: 10 USD/Mtok }
    service: { ttft: 2 s, interactivity: 40 tok/s/user }
    production: { output: 100 tok/s/accelerator, interactivity: 50 tok/s/user, ttft: 1 s }
    demand: { mean: 60 Mtok/day }
    growth: 100 %/year
outlook: { start: 2027-01-01 }
'@
    $path = Join-Path $TestDrive small.yaml
    Set-Content -LiteralPath $path -Value $yaml -Encoding utf8
    $factory = Import-TokenFactory $path
}

Describe 'Measure-TokenFactoryCapacity' {
    It 'takes a path, an object and the pipeline' {
        $byPath = Measure-TokenFactoryCapacity $path -AsOf 2027-01-01
        $byObject = Measure-TokenFactoryCapacity -Factory $factory -AsOf 2027-01-01
        $byPipeline = $factory | Measure-TokenFactoryCapacity -AsOf 2027-01-01
        $byPath.CapacityTokensPerDay, $byObject.CapacityTokensPerDay, $byPipeline.CapacityTokensPerDay | Should -Be 86.4e6, 86.4e6, 86.4e6
        $byPath.FirstLimit | Should -Be 'Accelerators'
    }

    It 'says when demand outgrows capacity' -Tag Culture {
        $verdict = Measure-TokenFactoryCapacity $factory -AsOf 2027-01-01 -Headroom '20 %' -Until 2027-06-30
        # 60 doubles each year to 86.4 after 365 × log2(1.44) days.
        $verdict.ExhaustedOn | Should -Be ([dateonly]'2027-07-13')
        $verdict.HoldsUntil | Should -Be ([dateonly]'2027-04-07')
        $verdict.Holds | Should -BeFalse
        ($verdict | Out-String -Width 80) | Should -Match 'gold\s+84\.5 Mtok\s+86\.4 Mtok\s+2\.\d+ %\s+False\s+Accelerators\s+2027-07-13'
    }

    It 'counts measured points that come by value or by property, and not those that miss the service level' {
        $measured = @(
            [pscustomobject]@{ OutputTokensPerSecondPerAccelerator = 150; Interactivity = 45; TtftSeconds = 1; Source = 'Measured' }
            [pscustomobject]@{ OutputTokensPerSecondPerAccelerator = 900; Interactivity = 45; Source = 'Measured' }
        )
        $byValue = $measured | Measure-TokenFactoryCapacity -Factory $factory -AsOf 2027-01-01
        @($byValue).Count | Should -Be 1
        [math]::Round($byValue.CapacityTokensPerDay) | Should -Be 129600000
        $byValue.Source | Should -Be 'Measured'
        $byValue.Reasons -join ' ' | Should -Match 'TTFT is unknown'
        $byProperty = $measured | ForEach-Object { [pscustomobject]@{ OperatingPoint = $_; Concurrency = 4 } } | Measure-TokenFactoryCapacity $factory -AsOf 2027-01-01
        [math]::Round($byProperty.CapacityTokensPerDay) | Should -Be 129600000
    }

    It 'refuses <Text> as headroom and says what it wants' -ForEach @(@{ Text = '3 kWh' }, @{ Text = 'much' }) {
        { Measure-TokenFactoryCapacity $factory -Headroom $Text -ErrorAction Stop } | Should -Throw -ErrorId 'ParameterArgumentTransformationError*'
    }

    It 'refuses an end before the start' {
        { Measure-TokenFactoryCapacity $factory -AsOf 2027-05-01 -Until 2027-02-01 -ErrorAction Stop } | Should -Throw -ErrorId 'CapacityUntilBeforeStart*'
    }

    It 'goes to JSON with its figures' {
        $json = Measure-TokenFactoryCapacity $factory -AsOf 2027-01-01 | ConvertTo-Json -EnumsAsStrings | ConvertFrom-Json
        $json.CapacityTokensPerDay, $json.FirstLimit | Should -Be 86400000, 'Accelerators'
    }
}

Describe 'Test-TokenFactoryCapacity' {
    It 'gives a Boolean and nothing else' {
        $answer = Test-TokenFactoryCapacity $path -AsOf 2027-01-01
        $answer | Should -BeOfType ([bool])
        $answer | Should -BeTrue
        Test-TokenFactoryCapacity $path -AsOf 2027-01-01 -Headroom 0.5 | Should -BeFalse
    }

    It 'says why on the verbose stream' {
        (Test-TokenFactoryCapacity $path -AsOf 2027-01-01 -Headroom '50 %' -Verbose 4>&1)[0].Message | Should -Match "'gold' does not hold.*10 accelerators of gpu"
    }
}

Describe 'Optimize-TokenFactory' {
    It 'plans the reported split of a gigawatt, and does better on its own' {
        $reported = Optimize-TokenFactory examples/gigawatt.yaml
        foreach ($allocation in $reported.Allocations[0..3]) { $allocation.PowerShare | Should -BeGreaterThan 0.2499 }
        $reported.Allocations[4].TokensPerDay | Should -Be 0
        $own = Optimize-TokenFactory examples/gigawatt.yaml -IgnorePowerShare
        $own.RevenuePerDay | Should -BeGreaterThan $reported.RevenuePerDay
        ($own.Allocations | Where-Object Tier -EQ ultra).TokensPerDay | Should -BeGreaterThan 0
        ($own.ShadowPrices | Where-Object Resource -EQ Power).ValuePerDay | Should -BeGreaterThan 0
        $own.Gap | Should -BeLessOrEqual 1e-3
    }

    It 'gives the same plan by path, object and pipeline in every culture' -Tag Culture {
        $plans = @((Optimize-TokenFactory $path), (Optimize-TokenFactory $factory), ($factory | Optimize-TokenFactory))
        $plans.RevenuePerDay | Should -Be 600, 600, 600
        $plans[0].CostPerDay | Should -Be 100
        ($plans[0] | Out-String) | Should -Match 'Revenue/day\s+: \$600\.00'
        ($plans[0].Allocations | Format-Table | Out-String -Width 80) | Should -Match 'gold\s+gpu\s+10(\.0)?\s+10(\.0)? kW\s+50(\.0)?\s+60(\.0)? Mtok\s+\$600\.00\s+\$500\.00'
    }

    It 'takes a measured point from the pipeline' {
        $plan = [pscustomobject]@{ OutputTokensPerSecondPerAccelerator = 300; Interactivity = 44; TtftSeconds = 1.5 } | Optimize-TokenFactory $factory -Objective Tokens
        ($plan.Allocations | Measure-Object CapacityTokensPerDay -Sum).Sum | Should -BeGreaterOrEqual 60e6
    }

    It 'names the demands that clash' {
        $clash = Import-TokenFactory $path -Set 'tiers.gold.demand={ min: 100 Mtok/day }'
        $failure = { Optimize-TokenFactory $clash -ErrorAction Stop } | Should -Throw -ErrorId 'PlanInfeasible*' -PassThru
        $failure.Exception.Message | Should -Match 'gold lacks 13\.6 % of 100 Mtok/day'
        $failure.Exception.Shortfalls[0].ShortfallTokensPerDay | Should -BeGreaterThan 13.5e6
    }

    It 'stands by with a spare unit on request' {
        (Optimize-TokenFactory $path -SpareUnit 5 -Objective Tokens).TokensPerDay | Should -Be 43.2e6
    }
}

Describe 'examples' {
    It 'gigawatt.ps1 tells its story' {
        $text = ./examples/gigawatt.ps1 | Out-String -Width 120
        $text | Should -Match 'times the revenue'
        $text | Should -Match 'One more megawatt is worth \$\d+'
    }

    Context 'scheduled-check.ps1' {
        BeforeAll {
            # Found by name, as an installed module is.
            $folder = Split-Path (Split-Path (Get-Module TokenFactory.Tools).Path)
            $before = $env:PSModulePath
            $env:PSModulePath = $folder + [System.IO.Path]::PathSeparator + $before
            function Invoke-Check([string[]] $Arguments) {
                $output = & dotnet pwsh -NoProfile -NonInteractive -File examples/scheduled-check.ps1 @Arguments 2>&1 | Out-String
                [pscustomobject]@{ ExitCode = $LASTEXITCODE; Output = $output }
            }
        }

        AfterAll { $env:PSModulePath = $before }

        It 'ends with 0 when everything holds, and writes both reports' {
            $junit, $json = (Join-Path $TestDrive a.xml), (Join-Path $TestDrive a.json)
            $run = Invoke-Check @('-Factory', $path, '-Headroom', '20%', '-Days', '30', '-AsOf', '2027-01-01', '-JUnit', $junit, '-Json', $json)
            $run.ExitCode | Should -Be 0 -Because $run.Output
            ([xml](Get-Content -Raw $junit)).testsuite.tests | Should -Be 1
            (Get-Content -Raw $json | ConvertFrom-Json).tiers[0].FirstLimit | Should -Be 'Accelerators'
            Get-ChildItem $TestDrive -Filter *.part | Should -BeNullOrEmpty
        }

        It 'ends with 1 and a failure in the report when a tier does not hold' {
            $junit = Join-Path $TestDrive b.xml
            $run = Invoke-Check @('-Factory', $path, '-Days', '365', '-AsOf', '2027-01-01', '-JUnit', $junit)
            $run.ExitCode | Should -Be 1 -Because $run.Output
            $run.Output | Should -Match "Tier 'gold' does not hold"
            ([xml](Get-Content -Raw $junit)).testsuite.testcase.failure.type | Should -Be 'Accelerators'
        }

        It 'ends with 2 when it can''t tell' {
            $run = Invoke-Check @('-Factory', (Join-Path $TestDrive none.yaml))
            $run.ExitCode | Should -Be 2
            $run.Output | Should -Match 'The capacity check failed'
        }
    }
}

Describe 'docs/automation.md' {
    BeforeAll {
        $text = Get-Content -Raw docs/automation.md
        function Get-Block([string] $Language) { [regex]::Matches($text, "(?ms)^``````$Language\r?\n(.*?)^``````") | ForEach-Object { $_.Groups[1].Value } }
    }

    It 'has PowerShell that parses and names commands, parameters and files that exist' {
        foreach ($block in Get-Block powershell) {
            $errors = $null
            $null = [System.Management.Automation.Language.Parser]::ParseInput($block, [ref] $null, [ref] $errors)
            $errors | Should -BeNullOrEmpty -Because $block
        }
        # Every argument that the recipes give to the script is one of its parameters.
        $parameters = (Get-Command ./examples/scheduled-check.ps1).Parameters.Keys
        foreach ($line in $text -split '\r?\n' | Where-Object { $_ -match 'scheduled-check\.ps1 (-.*)$' }) {
            foreach ($name in [regex]::Matches(($line -split 'scheduled-check\.ps1')[1], '(?<=\s)-([A-Za-z]+)(?=\s)') | Where-Object { $_.Value -cnotin '-p', '-t' }) {
                $parameters | Should -Contain $name.Groups[1].Value
            }
        }
    }

    It 'runs the headrooms of its recipes' -ForEach @(@{ Headroom = '20%' }, @{ Headroom = '0.2' }, @{ Headroom = '20 %' }) {
        $text | Should -Match ([regex]::Escape($Headroom))
        (Measure-TokenFactoryCapacity $factory -AsOf 2027-01-01 -Headroom $Headroom).RequiredHeadroom | Should -Be 0.2
    }

    It 'has units that systemd accepts' {
        if (-not (Get-Command systemd-analyze -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'systemd-analyze is not on this machine'; return }
        $blocks = Get-Block ini
        # systemd wants the program of ExecStart to be there; what it is does not matter here.
        Set-Content (Join-Path $TestDrive tokenfactory-check.service) ($blocks[0] -replace '/usr/bin/pwsh', '/bin/sh')
        Set-Content (Join-Path $TestDrive tokenfactory-check.timer) $blocks[1]
        $said = systemd-analyze verify (Join-Path $TestDrive tokenfactory-check.service) (Join-Path $TestDrive tokenfactory-check.timer) 2>&1 | Out-String
        $LASTEXITCODE | Should -Be 0 -Because $said
    }

    It 'has a timer that systemd understands' {
        if (-not (Get-Command systemd-analyze -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'systemd-analyze is not on this machine'; return }
        $calendar = [regex]::Match($text, '(?m)^OnCalendar=(.*?)\r?$').Groups[1].Value
        systemd-analyze calendar $calendar 2>&1 | Out-String | Should -Match 'Next elapse'
    }

    It 'has a crontab line with five fields and no percent sign, whose command a shell parses' {
        $line = (Get-Block cron).Trim()
        $line | Should -Match '^[\d*/,-]+ [\d*/,-]+ [\d*/,-]+ [\d*/,-]+ [\d*/,-]+ /\S+'
        $line | Should -Not -Match '%'
        if (Get-Command sh -CommandType Application -ErrorAction Ignore) {
            sh -n -c ($line -split ' ', 6)[5]
            $LASTEXITCODE | Should -Be 0
        }
    }

    It 'has a task that the Task Scheduler takes' {
        if (-not $IsWindows) { Set-ItResult -Skipped -Because 'the Task Scheduler is a part of Windows'; return }
        $block = Get-Block powershell | Where-Object { $_ -match 'New-ScheduledTaskAction' }
        $task = & ([scriptblock]::Create(($block -replace "Register-ScheduledTask -TaskName '[^']*'", 'New-ScheduledTask')))
        $task.Actions[0].Execute | Should -Be 'pwsh.exe'
    }
}
