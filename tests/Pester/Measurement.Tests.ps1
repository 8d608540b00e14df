BeforeAll {
    # A server of one thread that streams what an OpenAI-compatible one streams, so that whole pipelines can be tested without any.
    function Start-FakeServer([string] $Stream) {
        $listener = [System.Net.HttpListener]::new()
        foreach ($port in 20000..20100 | Get-Random -Count 50) {
            try {
                $listener.Prefixes.Clear()
                $listener.Prefixes.Add("http://127.0.0.1:$port/")
                $listener.Start()
                break
            }
            catch [System.Net.HttpListenerException] { $listener = [System.Net.HttpListener]::new() }
        }
        $seen = [System.Collections.Concurrent.ConcurrentQueue[object]]::new()
        $job = Start-ThreadJob -ArgumentList $listener, $Stream, $seen {
            param($listener, $stream, $seen)
            $bytes = [System.Text.Encoding]::UTF8.GetBytes($stream)
            while ($listener.IsListening) {
                try { $context = $listener.GetContext() } catch { return }
                $body = [System.IO.StreamReader]::new($context.Request.InputStream).ReadToEnd()
                $seen.Enqueue([pscustomobject]@{ Path = $context.Request.Url.AbsolutePath; Body = $body; Authorization = $context.Request.Headers['Authorization'] })
                $context.Response.ContentType = 'text/event-stream'
                $context.Response.SendChunked = $true
                $context.Response.OutputStream.Write($bytes, 0, $bytes.Length)
                $context.Response.Close()
            }
        }
        [pscustomobject]@{ Uri = @($listener.Prefixes)[0]; Seen = $seen; Listener = $listener; Job = $job }
    }
    function Stop-FakeServer($Server) {
        $Server.Listener.Close()
        $Server.Job | Wait-Job -Timeout 5 | Out-Null
        $Server.Job | Remove-Job -Force
    }
    $chat = @(
        'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}'
        'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}'
        'data: {"choices":[{"index":0,"delta":{"content":"b"}}]}'
        'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
        'data: {"choices":[],"usage":{"prompt_tokens":64,"completion_tokens":2}}'
        'data: [DONE]'
        ''
    ) -join "`n`n"
    $small = @{ Requests = 4; InputTokens = 16; OutputTokens = 4 }
}

Describe 'Measure-TokenFactoryThroughput' {
    It 'gives one object for each concurrency, in order' {
        $runs = Measure-TokenFactoryThroughput -Concurrency 1, 2 @small
        $runs.Concurrency | Should -Be 1, 2
        $runs.Requests | Should -Be 4, 4
        $runs.Failed | Should -Be 0, 0
        $runs.InputTokens | Should -Be 16, 16
        $runs.OutputTokens | Should -Be 4, 4
        foreach ($run in $runs) {
            $run.OutputTokensPerSecond | Should -BeGreaterThan 0
            $run.TtftSeconds.Count | Should -Be 4
            $run.TtftSeconds.P99Uncertain | Should -BeTrue
            $run.Source | Should -Be Measured
            $run.RandomWeights | Should -BeTrue
            ($null -ne $run.JoulesPerToken) -or $run.Unavailable['JoulesPerToken'] | Should -BeTrue
        }
    }

    It 'shows its figures in a table of 80 columns' {
        $table = Measure-TokenFactoryThroughput -Concurrency 1 @small | Out-String -Width 80
        foreach ($column in 'Load', 'tok/s', 'tok/s/user', 'TTFT', 'TPOT', 'J/tok', '/Mtok') { $table | Should -Match ([regex]::Escape($column)) }
        $table -split "`n" | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 80 }
    }

    It 'measures models that come by the pipeline' {
        (Get-TokenFactoryModel demo | Measure-TokenFactoryThroughput -Concurrency 1 @small).Model | Should -Be demo
    }

    It 'takes prompts by the pipeline' {
        $run = 'one two three', 'four five six seven eight nine' | Measure-TokenFactoryThroughput -Concurrency 1 -Requests 4 -OutputTokens 4
        $run.InputTokens | Should -BeGreaterThan 0
        $run.Requests | Should -Be 4
    }

    It 'gives <Shape> a shape of its own' -ForEach @(
        @{ Shape = 'requests/s, constant'; Arguments = @{ Rate = 50; Arrival = 'Constant' } }
        @{ Shape = 'requests/s, gamma'; Arguments = @{ Rate = 50; Arrival = 'Gamma'; Variation = 2 } }
        @{ Shape = 'sessions of 2 turns'; Arguments = @{ Session = 2; Turns = 2 } }
        @{ Shape = '0 to 100 requests/s'; Arguments = @{ RampTo = 100; Ramp = '200ms' } }
    ) {
        $run = Measure-TokenFactoryThroughput @Arguments @small -WarmUp 1
        $run.Load | Should -Match ([regex]::Escape($Shape))
        $run.Requests | Should -Be 4
        $run.Failed | Should -Be 0
    }

    It 'replays a trace with its own lengths' {
        $trace = Join-Path $TestDrive trace.csv
        "TIMESTAMP,ContextTokens,GeneratedTokens`n2023-11-16 18:15:46.0,12,3`n2023-11-16 18:15:47.0,20,5" | Set-Content $trace
        $run = Measure-TokenFactoryThroughput -Trace $trace -TraceSpeed 20
        $run.Requests | Should -Be 2
        $run.InputTokens | Should -Be 16
        $run.OutputTokens | Should -Be 4
    }

    It 'finds the knee of a sweep' {
        $runs = Measure-TokenFactoryThroughput -Sweep -MaximumConcurrency 4 -Requests 6 -InputTokens 8 -OutputTokens 4 -Verbose 4>&1
        ($runs | Where-Object { $_ -is [System.Management.Automation.VerboseRecord] }).Message -join '' | Should -Match 'knee is at concurrency \d'
        @($runs | Where-Object Concurrency).Count | Should -BeGreaterOrEqual 3
        @($runs | Where-Object IsKnee).Count | Should -Be 1
    }

    It 'prices runs and judges them by the tiers of a factory' {
        $run = Measure-TokenFactoryThroughput -Concurrency 1 @small -Factory examples/workstation.yaml
        @($run.CostByTier).Count | Should -BeGreaterThan 0
        $run.CostByTier[0].CostPerMillionOutputTokens | Should -BeGreaterThan 0
        $run.Currency | Should -Not -BeNullOrEmpty
    }

    It 'drives a server with the least that one types, and counts its requests' {
        $server = Start-FakeServer $chat
        try {
            $run = Measure-TokenFactoryThroughput -Uri $server.Uri -Model anything -Concurrency 8 -Requests 20
            @($run).Count | Should -Be 1
            $run.Requests | Should -Be 20
            $run.Failed | Should -Be 0
            $run.Model | Should -Be anything
            $run.Concurrency | Should -Be 8
            $run.TokenCount | Should -Be 'server usage'
            $run.OutputTokens | Should -Be 2
            $server.Seen.Count | Should -BeGreaterOrEqual 20
            @($server.Seen)[0].Path | Should -Be '/v1/chat/completions'
        }
        finally { Stop-FakeServer $server }
    }

    It 'never shows the key' {
        $server = Start-FakeServer 'data: {"error":{"message":"bad key sk-secret-0815"}}'
        try {
            $key = ConvertTo-SecureString 'sk-secret-0815' -AsPlainText -Force
            $records = Join-Path $TestDrive secret.jsonl
            $all = Measure-TokenFactoryThroughput -Uri $server.Uri -Model m -ApiKey $key -WarmUp 0 @small -RecordPath $records -Concurrency 1 -Verbose *>&1 | ForEach-Object { $_ | Out-String; $_ | ConvertTo-Json -Depth 4 -WarningAction Ignore }
            @($server.Seen)[-1].Authorization | Should -Be 'Bearer sk-secret-0815'
            ($all -join '') + (Get-Content $records -Raw) | Should -Not -Match 'sk-secret-0815'
            ($all -join '') | Should -Match 'StreamError'
            $credential = [pscredential]::new('any', $key)
            { Measure-TokenFactoryThroughput -Uri $server.Uri -Model m -ApiKey $credential @small } | Should -Throw -ErrorId 'TargetUnavailable,*'
            { Measure-TokenFactoryThroughput -Uri $server.Uri -Model m -ApiKey 'sk-secret-0815' @small } | Should -Throw -ErrorId 'ApiKeyNotSecure,*'
        }
        finally { Stop-FakeServer $server }
    }

    It 'says what is wrong: <Id>' -ForEach @(
        @{ Id = 'TargetUnavailable'; Arguments = @{ Uri = 'http://127.0.0.1:9'; Model = 'm' } }
        @{ Id = 'ModelNameMissing'; Arguments = @{ Uri = 'http://127.0.0.1:9' } }
        @{ Id = 'UriHasCredentials'; Arguments = @{ Uri = 'http://a:b@127.0.0.1:9'; Model = 'm' } }
        @{ Id = 'TraceNotFound'; Arguments = @{ Trace = 'no-such.csv' } }
        @{ Id = 'TierUnknown'; Arguments = @{ Factory = 'examples/workstation.yaml'; Tier = 'none' } }
        @{ Id = 'RecordPathNotWritable'; Arguments = @{ RecordPath = 'no/such/folder/r.jsonl' } }
    ) {
        { Measure-TokenFactoryThroughput @Arguments -Requests 2 -OutputTokens 2 } | Should -Throw -ErrorId "$Id,*"
    }

    It 'ends at once on Ctrl+C, keeps what was measured, and leaves whole records' {
        $records = Join-Path $TestDrive stopped.jsonl
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$PWD/out/TokenFactory.Tools/TokenFactory.Tools.psd1'; Measure-TokenFactoryThroughput -Concurrency 2 -Duration 600s -InputTokens 8 -OutputTokens 4 -RecordPath '$records'")
        $output = [System.Management.Automation.PSDataCollection[psobject]]::new()
        $running = $shell.BeginInvoke([System.Management.Automation.PSDataCollection[psobject]]::new(), $output)
        # Progress tells when the warm-up is over and requests have ended.
        $deadline = [datetime]::UtcNow.AddSeconds(60)
        while (-not ($shell.Streams.Progress.StatusDescription -match 'Measuring: .* [1-9]\d* requests') -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 50 }
        "$records.partial" | Should -Exist
        $shell.Stop()
        try { $shell.EndInvoke($running) } catch { $_.Exception.InnerException.GetType().Name | Should -Be 'PipelineStoppedException' }
        $shell.InvocationStateInfo.State | Should -Be Stopped
        $shell.Streams.Error | Should -BeNullOrEmpty
        $shell.Dispose()
        $deadline = [datetime]::UtcNow.AddSeconds(5)
        while (-not (Test-Path $records) -and [datetime]::UtcNow -lt $deadline) { Start-Sleep -Milliseconds 50 }
        $measured = Import-TokenFactoryMeasurement $records
        $measured.Completed | Should -BeFalse
        $measured.Requests | Should -BeGreaterThan 0
        "$records.partial" | Should -Not -Exist
    }

    It 'writes what it measured before a later run is stopped' {
        Measure-TokenFactoryThroughput -Concurrency 1, 2, 4 @small | Select-Object -First 1 | ForEach-Object Concurrency | Should -Be 1
    }
}

Describe 'Records and baselines' {
    BeforeAll {
        $base = Join-Path $TestDrive base.jsonl
        $live = Measure-TokenFactoryThroughput -Concurrency 1 @small -Repeat 6 -RecordPath $base
    }

    It 'reads the same figures back' {
        $read = Import-TokenFactoryMeasurement $base
        $read.Count | Should -Be 6
        foreach ($i in 0..5) {
            $read[$i].Repeat | Should -Be ($i + 1)
            # Records round times to 0.1 µs.
            $read[$i].OutputTokensPerSecond / $live[$i].OutputTokensPerSecond | Should -BeGreaterThan 0.999
            $read[$i].OutputTokensPerSecond / $live[$i].OutputTokensPerSecond | Should -BeLessThan 1.001
            $read[$i].TtftSeconds.Count | Should -Be 4
        }
    }

    It 'prices and judges recorded requests anew' {
        $read = Import-TokenFactoryMeasurement $base -Factory examples/workstation.yaml -TtftLimit 1e-6 | Select-Object -First 1
        ($read.GoodputByTier | Where-Object Tier -EQ service).Met | Should -Be 0
        $read.CostByTier[0].CostPerMillionOutputTokens | Should -BeGreaterThan 0
    }

    It 'says what is wrong with a file' {
        'nonsense' | Set-Content (Join-Path $TestDrive bad.jsonl)
        $failure = $null
        Import-TokenFactoryMeasurement (Join-Path $TestDrive bad.jsonl) -ErrorVariable failure -ErrorAction SilentlyContinue
        $failure.FullyQualifiedErrorId | Should -BeLike 'RecordFileInvalid,*'
    }

    It 'calls a run against itself noise, and one at a tenth of the speed worse' {
        $same = $live | Compare-TokenFactoryMeasurement -Baseline $base
        $same.Verdict | Sort-Object -Unique | Should -Be Noise
        $same[0].Decidable | Should -BeTrue

        # The same records with every time ten times as long.
        $slow = Join-Path $TestDrive slow.jsonl
        Get-Content $base | ForEach-Object {
            $line = $_ | ConvertFrom-Json -AsHashtable
            if ($line.type -eq 'request') {
                $line.sent *= 10; $line.end *= 10; $line.fragments = @($line.fragments | ForEach-Object { $_ * 10 })
            }
            $line | ConvertTo-Json -Compress -Depth 5
        } | Set-Content $slow
        $junit = Join-Path $TestDrive gate.xml
        $worse = Import-TokenFactoryMeasurement $slow | Compare-TokenFactoryMeasurement -Baseline $base -JUnitPath $junit
        ($worse | Where-Object Metric -EQ OutputTokensPerSecond).Verdict | Should -Be Worse
        ([xml](Get-Content $junit -Raw)).testsuites.testsuite.failures | Should -Be @($worse | Where-Object Verdict -EQ Worse).Count
        $worse | Out-String -Width 80 | Should -Match 'Worse'
    }

    It 'warns about a load that the baseline lacks' {
        $null = Measure-TokenFactoryThroughput -Concurrency 3 @small | Compare-TokenFactoryMeasurement -Baseline $base -WarningVariable warned -WarningAction SilentlyContinue
        $warned | Should -Match 'concurrency 3'
    }
}
