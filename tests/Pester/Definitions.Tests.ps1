BeforeAll {
    $example = 'examples/workstation.yaml'
}

Describe 'Import-TokenFactory' {
    It 'reads the example' {
        $factory = Import-TokenFactory $example
        $factory | Should -BeOfType TokenFactory.Core.Definitions.FactoryDefinition
        $factory.Name | Should -Be 'workstation'
        $factory.Tiers.Name | Should -Be 'chat', 'batch'
        $factory.Path | Should -Be (Resolve-Path $example).ProviderPath
    }

    It 'takes wildcards, the pipeline and files' {
        Copy-Item $example (Join-Path $TestDrive 'a.yaml')
        Copy-Item $example (Join-Path $TestDrive 'b.yaml')
        @(Import-TokenFactory (Join-Path $TestDrive '?.yaml')).Count | Should -Be 2
        @(Get-ChildItem $TestDrive -Filter '?.yaml' | Import-TokenFactory).Count | Should -Be 2
        @((Join-Path $TestDrive 'a.yaml'), (Join-Path $TestDrive 'b.yaml') | Import-TokenFactory).Count | Should -Be 2
    }

    It 'takes brackets literally with -LiteralPath' {
        $path = Join-Path $TestDrive 'c[1].yaml'
        [IO.File]::Copy((Resolve-Path $example).ProviderPath, $path)
        (Import-TokenFactory -LiteralPath $path).Path | Should -Be $path
    }

    It 'resolves against the session and not the process' {
        Copy-Item $example (Join-Path $TestDrive 'here.yaml')
        Push-Location $TestDrive
        try { (Import-TokenFactory ./here.yaml).Name | Should -Be 'workstation' }
        finally { Pop-Location }
    }

    It 'goes on after a broken file' {
        $bad = Join-Path $TestDrive 'bad.yaml'
        Set-Content $bad "factory: f`nsite: { pwoer: 1 GW, pue: 0.5 }`ntiers: [ { name: a, demand: 3 kW } ]"
        $good = @($bad, $example | Import-TokenFactory -ErrorVariable failures -ErrorAction SilentlyContinue)
        $good.Count | Should -Be 1
        $failures.Count | Should -Be 1
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'DefinitionInvalid,*'
        $failures[0].CategoryInfo.Category | Should -Be 'InvalidData'
        $failures[0].Exception.Problems.Count | Should -Be 3
        $failures[0].Exception.Problems.Line | Should -Be 2, 2, 3
        $failures[0].Exception.Message | Should -Match "did you mean 'power'"
    }

    It 'says what is missing' {
        { Import-TokenFactory (Join-Path $TestDrive 'none.yaml') -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFound,*'
        { Import-TokenFactory Env:PATH -ErrorAction Stop } | Should -Throw -ErrorId 'PathNotFileSystem,*'
    }

    It 'sets values and lays over files' -Tag 'Culture' {
        $overlay = Join-Path $TestDrive 'overlay.yaml'
        Set-Content $overlay "site: { power: 1.5 kW }`ntiers: [ { name: chat, power: 12.5 % } ]"
        $factory = Import-TokenFactory $example -Overlay $overlay -Set 'site.energyPrice=0.35 USD/kWh', 'tiers[1].price.output=1.25 USD/Mtok'
        $factory.Site.PowerWatts.Value | Should -Be 1500
        $factory.Site.EnergyPricePerKilowattHour.Value | Should -Be 0.35
        $factory.Tiers[0].PowerShare | Should -Be 0.125
        $factory.Tiers[1].Price.OutputPerMillionTokens.Value | Should -Be 1.25
        { Import-TokenFactory $example -Set 'site.powr=1 W' -ErrorAction Stop } | Should -Throw -ErrorId 'DefinitionInvalid,*' -ExpectedMessage "*did you mean 'power'*"
    }

    It 'shows what a definition has at 80 columns' -Tag 'Culture' {
        $text = Import-TokenFactory $example | Out-String -Width 80
        $text | Should -Match 'Site\s+: 200 W, \$0\.30/kWh'
        $text | Should -Match 'chat \(\$0\.40/Mtok\)'
        (Import-TokenFactory $example).Tiers | Out-String -Width 80 | Should -Match '\$/Mtok out'
    }

    It 'completes keys of -Set' {
        (TabExpansion2 'Import-TokenFactory f.yaml -Set site.en').CompletionMatches.CompletionText | Should -Be 'site.energyPrice='
    }
}

Describe 'A path in place of a definition' {
    It 'is read' { (Measure-TokenFactoryCapacity $example).Tier | Should -Be 'chat', 'batch' }

    It 'may leave out the extension' { Measure-TokenFactoryCapacity examples/workstation | Should -HaveCount 2 }

    It 'says what is wrong in it' {
        $bad = Join-Path $TestDrive 'wrong.yaml'
        Set-Content $bad "factory: f`ntiers: [ { name: a, demand: 3 kW } ]"
        { Measure-TokenFactoryCapacity $bad } | Should -Throw -ExpectedMessage "*wants tokens over time*got '3 kW'*"
    }
}

Describe 'New-TokenFactory' {
    It 'writes a definition that reads as it is' {
        $path = Join-Path $TestDrive 'new.yaml'
        New-TokenFactory $path | Should -BeOfType IO.FileInfo
        $factory = Import-TokenFactory $path -ErrorAction Stop
        $factory.Name | Should -Be 'new'
        $factory.Hardware | Should -Not -BeNullOrEmpty
        Get-Content $path -Raw | Should -Match 'ASSUMED'
        @(Get-ChildItem $TestDrive -Filter 'new.yaml*').Count | Should -Be 1
    }

    It 'keeps a file that is there unless forced' {
        $path = Join-Path $TestDrive 'kept.yaml'
        Set-Content $path 'mine'
        { New-TokenFactory $path -ErrorAction Stop } | Should -Throw -ErrorId 'FileExists,*'
        Get-Content $path | Should -Be 'mine'
        New-TokenFactory $path -Force -Name forced -Currency EUR
        $factory = Import-TokenFactory $path
        $factory.Name, $factory.Currency | Should -Be 'forced', 'EUR'
    }

    It 'writes nothing with -WhatIf' {
        $path = Join-Path $TestDrive 'whatif.yaml'
        New-TokenFactory $path -WhatIf | Should -BeNullOrEmpty
        Test-Path $path | Should -BeFalse
    }
}

Describe 'The catalog' {
    It 'finds by name, alias and wildcard' {
        (Get-TokenFactoryAccelerator h200).Name | Should -Be 'H200 SXM'
        (Get-TokenFactoryAccelerator *NVL72).Name | Should -Contain 'GB300 NVL72'
        (Get-TokenFactoryArchitecture DeepSeek-R1).Name | Should -Be 'deepseek-v3'
        (Get-TokenFactoryWorkload).Name | Should -Contain 'agents'
        'B200', 'MI300X' | Get-TokenFactoryAccelerator | Should -HaveCount 2
    }

    It 'says when a name is unknown' {
        { Get-TokenFactoryAccelerator H20O -ErrorAction Stop } | Should -Throw -ErrorId 'AcceleratorNotFound,*'
        Get-TokenFactoryAccelerator H20O* | Should -BeNullOrEmpty
    }

    It 'completes names' {
        (TabExpansion2 'Get-TokenFactoryAccelerator H20').CompletionMatches.CompletionText | Should -Contain "'H200 SXM'"
        (TabExpansion2 'Get-TokenFactoryArchitecture qwen3-').CompletionMatches.CompletionText | Should -Contain 'qwen3-8b'
        (TabExpansion2 'Get-TokenFactoryWorkload ch').CompletionMatches.CompletionText | Should -Be 'chat'
    }

    It 'shows human units at 80 columns' -Tag 'Culture' {
        $text = Get-TokenFactoryAccelerator H100 | Out-String -Width 80
        $text | Should -Match '80\.0 GB\s+3\.35 TB/s'
        Get-TokenFactoryArchitecture llama-3-70b | Out-String -Width 80 | Should -Match '70\.6 G'
    }

    It 'reads entries of your own, and names the file of a mistake' {
        $before = $env:TOKENFACTORY_CONFIG
        $env:TOKENFACTORY_CONFIG = Join-Path $TestDrive 'config'
        try {
            $null = New-Item (Join-Path $env:TOKENFACTORY_CONFIG 'catalog') -ItemType Directory -Force
            $file = Join-Path $env:TOKENFACTORY_CONFIG 'catalog/ours.yaml'
            Set-Content $file 'accelerators: [ { name: Thunder 9, memory: 96 GB } ]'
            (Get-TokenFactoryAccelerator 'thunder 9').MemoryBytes | Should -Be 96e9
            Set-Content $file 'accelerators: [ { name: Thunder 9, memry: 96 GB } ]'
            { Get-TokenFactoryAccelerator -ErrorAction Stop } | Should -Throw -ErrorId 'DefinitionInvalid,*' -ExpectedMessage "*ours.yaml*did you mean 'memory'*"
        }
        finally { $env:TOKENFACTORY_CONFIG = $before }
    }
}

Describe 'A factory that cannot be read, given to a cmdlet' {
    BeforeAll {
        $bad = Join-Path $TestDrive 'bad.yaml'
        Set-Content $bad "factory: f`ntiers:`n  - { name: a, nonsense: 1 }"
    }

    It '<_> ends with the reader''s own error' -ForEach 'Compare-TokenFactory', 'Get-TokenFactoryBudget', 'Get-TokenFactoryCost', 'Get-TokenFactoryOutlook',
        'Measure-TokenFactoryCapacity', 'Optimize-TokenFactory', 'Show-TokenFactoryCost', 'Test-TokenFactoryCapacity' {
        $failure = { & $_ $bad } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -Match '^DefinitionInvalid,TokenFactory\.Tools\.Commands\.'
        $failure.Exception.Message | Should -Match 'nonsense'
        $failure.CategoryInfo.Category | Should -Be InvalidData
        $failure.TargetObject | Should -Not -BeNullOrEmpty
        { & $_ (Join-Path $TestDrive none.yaml) } | Should -Throw -ErrorId 'DefinitionNotFound,*'
    }

    It '<_> ends so too' -ForEach 'Measure-TokenFactoryThroughput', 'Import-TokenFactoryMeasurement' {
        $file = @{ 'Import-TokenFactoryMeasurement' = @{ Path = $bad } }[$_] ?? @{ Requests = 1 }
        { & $_ @file -Factory $bad } | Should -Throw -ErrorId 'DefinitionInvalid,*'
    }

    It '<_> goes on with the pipeline''s next record' -ForEach 'Get-TokenFactoryCost', 'Measure-TokenFactoryCapacity', 'Get-TokenFactoryOutlook', 'Compare-TokenFactory' {
        $found = @($bad, 'examples/gigawatt.yaml' | & $_ -ErrorAction SilentlyContinue -ErrorVariable failures -WarningAction Ignore)
        @($failures.FullyQualifiedErrorId -like 'DefinitionInvalid,*').Count | Should -Be 1
        { $bad | & $_ -ErrorAction Stop } | Should -Throw -ErrorId 'DefinitionInvalid,*'
        if ($_ -ne 'Get-TokenFactoryOutlook') { $found.Count | Should -BeGreaterThan 0 }
    }

    It 'names the one of several' {
        { Compare-TokenFactory examples/gigawatt.yaml, $bad } | Should -Throw -ErrorId 'DefinitionInvalid,*'
    }

    It 'leaves what is no factory to the binder' {
        { 5 | Get-TokenFactoryCost -ErrorAction Stop } | Should -Throw -ErrorId 'InputObjectNotBound,*'
        (Get-Command Get-TokenFactoryCost).Parameters.Factory.ParameterType.FullName | Should -Be 'TokenFactory.Core.Definitions.FactoryDefinition'
    }
}

Describe 'Other arguments that cannot be read' {
    It 'a model' {
        { ConvertTo-TokenFactoryToken hi -Model Env:\PATH } | Should -Throw -ErrorId 'PathNotFileSystem,*'
        { ConvertTo-TokenFactoryToken hi -Model 5 } | Should -Throw -ErrorId 'ModelArgumentInvalid,*'
        { Invoke-TokenFactory hi -Model 5 } | Should -Throw -ErrorId 'ModelArgumentInvalid,*'
    }

    It 'a row that should be an operating point' {
        $row = [pscustomobject]@{ OutputTokensPerSecondPerAccelerator = 'many' }
        { $row | Get-TokenFactoryCost examples/workstation.yaml -ErrorAction Stop } | Should -Throw -ErrorId 'OperatingPointInvalid,*'
        { Get-TokenFactoryCost examples/workstation.yaml -OperatingPoint $row } | Should -Throw -ErrorId 'OperatingPointInvalid,*'
    }
}
