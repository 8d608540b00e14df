BeforeDiscovery {
    $readme = Get-Content README.md -Raw
    $blocks = foreach ($match in [regex]::Matches($readme, '(?s)```powershell\r?\n(.*?)```')) {
        foreach ($line in $match.Groups[1].Value -split '\r?\n' | Where-Object { $_.Trim() }) { @{ Command = $line } }
    }
    $links = foreach ($match in [regex]::Matches($readme, '\]\((?!https?:)([^)#]+)\)')) { @{ Link = $match.Groups[1].Value } }
}

Describe 'README.md' {
    It 'names the two commands exactly' {
        $lines = Get-Content README.md
        $lines | Should -Contain 'dotnet tool restore && dotnet pwsh ./build.ps1 Quickstart'
        $lines | Should -Contain 'dotnet tool restore && dotnet pwsh ./build.ps1 Test'
    }

    It 'has a command that runs: <Command>' -ForEach $blocks {
        $failures = @()
        $output = & ([scriptblock]::Create($Command)) 2>&1 | ForEach-Object {
            if ($_ -is [System.Management.Automation.ErrorRecord]) { $failures += $_ } else { $_ }
        }
        $failures | Should -BeNullOrEmpty
        if ($Command -notmatch 'HardwareIssue') { $output | Should -Not -BeNullOrEmpty }
    }

    It 'has a link that leads somewhere: <Link>' -ForEach $links {
        Test-Path $Link | Should -BeTrue
    }
}

Describe 'examples/quickstart.ps1' {
    BeforeAll {
        $lines = & ./examples/quickstart.ps1 -Concurrency 1, 2 | Out-String -Width 80 -Stream
    }

    It 'ends in a table that keeps its tok/s and cost columns at 80 columns' {
        $header = $lines | Where-Object { $_ -match 'Concurrency' }
        $header | Should -Match 'tok/s\s+tok/s/user'
        $header | Should -Match 'chat/Mtok'
        $lines | Where-Object { $_ -match '^\s+2\s' } | Should -Match '\$\d'
    }

    It 'says what the machine can sell, and what to type next' {
        $lines -join ' ' | Should -Match 'This machine can sell .* of chat and .* of batch a day: revenue \$'
        $lines -join ' ' | Should -Match 'Next: '
    }

    It 'says that the weights are random, and why joules are missing where they are' {
        $lines -join ' ' | Should -Match 'random weights'
        if (($lines -join ' ') -match 'J/token is not measured') { $lines -join ' ' | Should -Match 'J/token is not measured: \w' }
    }
}
