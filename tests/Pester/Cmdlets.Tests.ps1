BeforeDiscovery {
    $commands = foreach ($command in Get-Command -Module TokenFactory.Tools -CommandType Cmdlet) {
        @{ Name = $command.Name; Command = $command }
    }
    $examples = foreach ($command in Get-Command -Module TokenFactory.Tools -CommandType Cmdlet) {
        $number = 0
        foreach ($example in (Get-Help $command.Name -Full).examples.example) {
            $number++
            @{ Name = $command.Name; Number = $number; Code = $example.code }
        }
    }
}

Describe '<Name>' -ForEach $commands {
    BeforeAll {
        $help = Get-Help $Name -Full
        $common = [System.Management.Automation.Cmdlet]::CommonParameters + [System.Management.Automation.Cmdlet]::OptionalCommonParameters
        $own = $Command.Parameters.Values | Where-Object Name -NotIn $common
        # Verbs that change something; those of Clear, Remove and the like always, New and Export where they write files.
        $changes = 'Clear', 'Export', 'Install', 'New', 'Remove', 'Set', 'Uninstall'
    }

    It 'has an approved verb and a TokenFactory noun' {
        (Get-Verb).Verb | Should -Contain $Command.Verb
        $Command.Noun | Should -MatchExactly '^TokenFactory([A-Z][A-Za-z]*)?$'
        $Command.Noun | Should -Not -Match '[^s]s$'
    }

    It 'declares what it outputs' {
        if ($Command.Verb -in 'Register', 'Clear', 'Uninstall', 'Show') { return }
        $Command.OutputType | Should -Not -BeNullOrEmpty
    }

    It 'has a view for each of its output types' {
        foreach ($type in $Command.OutputType.Type | Where-Object { $_ -and $_.Namespace -like 'TokenFactory.*' }) {
            $view = Get-FormatData -TypeName $type.FullName -PowerShellVersion $PSVersionTable.PSVersion
            $view | Should -Not -BeNullOrEmpty -Because "$($type.FullName) needs a view"
        }
    }

    It 'has help with synopsis, description, every parameter and three examples' {
        $help.Synopsis | Should -Not -BeNullOrEmpty
        $help.Synopsis | Should -Not -Match ([regex]::Escape("$Name ["))
        $help.description.Text | Should -Not -BeNullOrEmpty
        @($help.examples.example).Count | Should -BeGreaterOrEqual 3
        foreach ($parameter in $own) {
            $text = ($help.parameters.parameter | Where-Object name -EQ $parameter.Name).description.Text
            $text | Should -Not -BeNullOrEmpty -Because "-$($parameter.Name) needs a description"
        }
    }

    It 'asks before it changes state' {
        if ($Command.Verb -in $changes) { $Command.Parameters.Keys | Should -Contain 'WhatIf' }
    }

    It 'completes what has a name' {
        foreach ($parameter in $own | Where-Object { $_.Name -in 'Model', 'Accelerator', 'Architecture', 'Tier', 'Provider', 'Precision', 'Workload' -and $_.ParameterType -ne [switch] }) {
            $type = $parameter.ParameterType.IsArray ? $parameter.ParameterType.GetElementType() : $parameter.ParameterType
            $type = [Nullable]::GetUnderlyingType($type) ?? $type
            $completes = $type.IsEnum -or
                $parameter.Attributes.Where({ $_ -is [System.Management.Automation.ArgumentCompleterAttribute] -or $_ -is [System.Management.Automation.ValidateSetAttribute] })
            $completes | Should -BeTrue -Because "-$($parameter.Name) of $Name names things"
        }
    }
}

Describe 'Example <Number> of <Name>' -Tag 'Example' -ForEach $examples {
    It 'runs' {
        $errors = @()
        # An example may leave files behind: each runs in a folder of its own that has the examples beside it.
        $folder = New-Item (Join-Path $TestDrive ([guid]::NewGuid())) -ItemType Directory
        Copy-Item (Join-Path $PWD examples) $folder -Recurse
        Push-Location $folder
        try {
            $null = & ([scriptblock]::Create($Code)) 2>&1 3>$null | ForEach-Object {
                if ($_ -is [System.Management.Automation.ErrorRecord]) { $errors += $_ }
            }
        }
        finally { Pop-Location }
        $errors | Should -BeNullOrEmpty -Because $Code
    }
}
