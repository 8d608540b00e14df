Describe 'Hardware' {
    It 'shows the system, the processors and the memory of this machine' {
        $devices = Get-TokenFactoryHardware
        $devices.Kind | Should -Contain 'Cpu'
        $devices.Kind | Should -Contain 'Memory'
        $devices.Kind | Should -Contain 'System'
        ($devices | Where-Object Kind -EQ Memory).MemoryBytes | Should -BeGreaterThan 128MB
        ($devices | Where-Object Kind -EQ Cpu).Cpu.UsableThreads | Should -BeGreaterThan 0
    }

    It 'gives a reason for each field without a value' {
        foreach ($device in Get-TokenFactoryHardware) {
            foreach ($reason in $device.Unavailable.Values) { $reason | Should -Not -BeNullOrEmpty }
        }
    }

    It 'shows kinds by name and completes them' {
        (Get-TokenFactoryHardware -Kind Memory).Kind | Should -Be 'Memory'
        $line = 'Get-TokenFactoryHardware -Kind '
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain 'Gpu'
    }

    It 'is a table that fits 80 columns' {
        $lines = (Get-TokenFactoryHardware | Out-String -Width 80) -split "`r?`n"
        ($lines -join ' ') | Should -Match 'Kind\s+Name\s+Memory\s+Power\s+State'
        $lines | ForEach-Object { $_.Length | Should -BeLessOrEqual 80 }
        ($lines -join ' ') | Should -Match 'GiB|MiB'
    }

    It 'streams samples with -Watch until nobody listens any more' {
        $samples = Get-TokenFactoryHardware -Kind Memory -Watch -Interval 0.05 | Select-Object -First 3
        $samples.Count | Should -Be 3
        $samples[2].Timestamp | Should -BeGreaterThan $samples[0].Timestamp
    }

    It 'shows samples of -Watch at 80 columns without cutting any' {
        $text = Get-TokenFactoryHardware -Kind Cpu -Watch -Interval 0.1 | Select-Object -First 3 | Out-String -Width 80
        if ($IsLinux) { $text | Should -Match '\d threads, \d+ % busy' }
        $text | Should -Not -Match ([char]0x2026)
    }

    It 'stops -Watch at once and without an error record' {
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript('Import-Module $args[0]; Get-TokenFactoryHardware -Watch -Interval 3600').AddArgument((Get-Module TokenFactory.Tools).Path)
            $handle = $shell.BeginInvoke()
            for ($i = 0; $i -lt 100 -and $shell.InvocationStateInfo.State -ne 'Running'; $i++) { Start-Sleep -Milliseconds 50 }
            Start-Sleep -Milliseconds 1500
            $shell.Stop()
            $handle.AsyncWaitHandle.WaitOne(60000) | Should -BeTrue
            $shell.InvocationStateInfo.State | Should -Be 'Stopped'
            $shell.Streams.Error.Count | Should -Be 0
        }
        finally { $shell.Dispose() }
    }

    It 'measures bandwidth and products with a roofline' {
        $measured = Measure-TokenFactoryHardware -Provider CPU -Precision int4 -SecondsPerTest 0.01
        $measured.ReadBytesPerSecond | Should -BeGreaterThan 0
        $measured.Bandwidth.Kernel | Should -Be @('Read', 'Copy', 'Scale', 'Add', 'Triad')
        $measured.Compute.Count | Should -Be 1
        $measured.Compute[0].RidgeOperationsPerByte | Should -Be ($measured.Compute[0].OperationsPerSecond / $measured.ReadBytesPerSecond)
        ($measured | Out-String -Width 80) | Should -Match 'Read\s+Triad\s+fp32\s+int8\s+int4\s+Ridge int4'
    }

    It 'gives a reason where a provider does not work here' {
        $measured = Measure-TokenFactoryHardware -Provider NoSuchProvider -Precision fp32 -SecondsPerTest 0.01
        $measured.Compute[0].OperationsPerSecond | Should -BeNullOrEmpty
        $measured.Compute[0].Reason | Should -Not -BeNullOrEmpty
    }

    It 'completes providers' {
        $line = 'Measure-TokenFactoryHardware -Provider '
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain 'CPU'
    }

    It 'refuses an unknown precision with the names that there are' {
        { Measure-TokenFactoryHardware -Precision int3 } | Should -Throw '*int4*'
    }

    It 'agrees between the doctor and its Boolean' {
        $issues = @(Get-TokenFactoryHardwareIssue)
        Test-TokenFactoryHardware | Should -Be ($issues.Count -eq 0)
        Test-TokenFactoryHardware -Except @($issues.Id) | Should -BeTrue
        foreach ($issue in @(Get-TokenFactoryHardwareIssue -Severity Information)) {
            $issue.Id | Should -MatchExactly '^[A-Z][A-Za-z]+$'
            $issue.Remedy | Should -Not -BeNullOrEmpty
        }
    }
}
