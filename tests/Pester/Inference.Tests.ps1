Describe 'Invoke-TokenFactory' {
    It 'answers a prompt with usage and timings' {
        $result = Invoke-TokenFactory 'What is a token?' -MaxTokens 8 -IgnoreEnd
        $result.Prompt | Should -Be 'What is a token?'
        $result.OutputTokens | Should -Be 8
        $result.TokenIds.Count | Should -Be 8
        $result.InputTokens | Should -BeGreaterThan 0
        $result.TtftSeconds | Should -BeGreaterThan 0
        $result.TpotSeconds | Should -BeGreaterThan 0
        $result.FinishReason | Should -Be 'Length'
        $result.RandomWeights | Should -BeTrue
        ($result | Out-String) | Should -Match 'tok/s'
    }

    It 'ties each result of a pipeline to its prompt, and each answer of several to its number' {
        $results = 'alpha', 'beta beta', 'gamma gamma gamma' | Invoke-TokenFactory -MaxTokens 4 -IgnoreEnd -Concurrency 3 -Count 2 -Temperature 1
        $results.Count | Should -Be 6
        ($results | Sort-Object Index, Choice).Prompt | Should -Be @('alpha', 'alpha', 'beta beta', 'beta beta', 'gamma gamma gamma', 'gamma gamma gamma')
        ($results | Group-Object Index | ForEach-Object { ($_.Group.Choice | Sort-Object) -join '' }) | Should -Be @('01', '01', '01')
    }

    It 'gives the same answer for the same seed, whatever runs beside it' {
        $alone = Invoke-TokenFactory 'a seed' -MaxTokens 12 -Temperature 1 -Seed 5 -Exact -IgnoreEnd
        $among = @('one', 'two', 'a seed', 'three') | Invoke-TokenFactory -MaxTokens 12 -Temperature 1 -Seed 5 -Exact -IgnoreEnd | Where-Object Prompt -EQ 'a seed'
        $among.TokenIds | Should -Be $alone.TokenIds
    }

    It 'streams what the result says' {
        $stream = Invoke-TokenFactory 'stream me' -MaxTokens 10 -IgnoreEnd -Stream
        $result = $stream[-1]
        $result.GetType().Name | Should -Be 'GenerationResult'
        $fragments = $stream[0..($stream.Count - 2)]
        $fragments.Count | Should -Be 10
        -join $fragments.Text | Should -Be $result.Text
        ($fragments | Out-String) | Should -Match 'Token'
    }

    It 'stops at a stop string' {
        $free = Invoke-TokenFactory 'stop here' -MaxTokens 24 -IgnoreEnd -Temperature 1 -Seed 3
        $stop = $free.Text.Substring(8, 5)
        $result = Invoke-TokenFactory 'stop here' -MaxTokens 24 -IgnoreEnd -Temperature 1 -Seed 3 -StopString $stop
        $result.FinishReason | Should -Be 'Stop'
        $result.Text | Should -Be $free.Text.Substring(0, $free.Text.IndexOf($stop, [StringComparison]::Ordinal))
    }

    It 'reports log probabilities with alternatives' {
        $result = Invoke-TokenFactory 'likely' -MaxTokens 3 -IgnoreEnd -LogProbabilities 2
        $result.LogProbabilities.Count | Should -Be 3
        $result.LogProbabilities[0].Alternatives.Count | Should -Be 2
        $result.LogProbabilities[0].Alternatives[0].Key | Should -Be $result.TokenIds[0]
    }

    It 'reports a prompt that is too long and answers the others' {
        $long = 'word ' * 20000
        $results = 'short', $long, 'short too' | Invoke-TokenFactory -MaxTokens 2 -IgnoreEnd -ErrorAction SilentlyContinue -ErrorVariable failures
        $results.Count | Should -Be 2
        $failures.Count | Should -Be 1
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'PromptTooLong,*'
    }

    It 'refuses impossible sampling by name' {
        { Invoke-TokenFactory 'x' -TopP 2 -ErrorAction Stop } | Should -Throw -ErrorId 'SamplingInvalid,*'
    }

    It 'refuses an object that is neither text nor message' {
        { Invoke-TokenFactory @{ name = 'x' } -ErrorAction Stop } | Should -Throw -ErrorId 'MessageInvalid,*'
    }

    It 'samples as the makers of a model recommend when asked, and a parameter says otherwise' {
        $folder = Join-Path $TestDrive 'advised'
        $null = New-TokenFactoryModel -Name advised -Parameters 1M -Path $folder
        $file = Join-Path $folder 'genai_config.json'
        $config = Get-Content $file -Raw | ConvertFrom-Json
        $config.search.do_sample = $true
        $config.search.temperature = 0.9
        $config.search.top_k = 12
        $config | ConvertTo-Json -Depth 9 | Set-Content $file
        "$((Get-TokenFactoryModel -Path $folder).RecommendedSampling)" | Should -Be 'temperature 0.9, top-k 12, top-p 1, repetition penalty 1'
        $common = @{ Model = $folder; MaxTokens = 12; Seed = 3; IgnoreEnd = $true }
        $advised = Invoke-TokenFactory 'as they say' @common -RecommendedSampling
        $advised.TokenIds | Should -Be (Invoke-TokenFactory 'as they say' @common -Temperature 0.9 -TopK 12).TokenIds
        $advised.TokenIds | Should -Not -Be (Invoke-TokenFactory 'as they say' @common).TokenIds
        (Invoke-TokenFactory 'as they say' @common -RecommendedSampling -Temperature 0).TokenIds | Should -Be (Invoke-TokenFactory 'as they say' @common).TokenIds
    }

    It 'is there again at once the second time' {
        Clear-TokenFactoryModel
        Invoke-TokenFactory 'x' -MaxTokens 1 | Out-Null
        Invoke-TokenFactory 'y' -MaxTokens 1 | Out-Null
        # Two loads would leave two.
        @(Clear-TokenFactoryModel -PassThru).Count | Should -Be 1
    }

    It 'ends when the pipeline wants no more' {
        $first = 1..50 | ForEach-Object { "prompt $_" } | Invoke-TokenFactory -MaxTokens 200 -IgnoreEnd | Select-Object -First 1
        $first.OutputTokens | Should -Be 200
        (Invoke-TokenFactory 'still alive' -MaxTokens 2 -IgnoreEnd).OutputTokens | Should -Be 2
    }

    It 'stops on Ctrl+C and leaves the session usable' {
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$((Get-Module TokenFactory.Tools).Path)'; 1..200 | ForEach-Object { `"prompt `$_`" } | Invoke-TokenFactory -MaxTokens 2000 -IgnoreEnd")
        $run = $shell.BeginInvoke()
        Start-Sleep -Milliseconds 1500
        $shell.Stop()
        $shell.InvocationStateInfo.State | Should -Be 'Stopped'
        $shell.Dispose()
        (Invoke-TokenFactory 'after' -MaxTokens 2 -IgnoreEnd).OutputTokens | Should -Be 2
    }
}

Describe 'Clear-TokenFactoryModel' {
    It 'unloads, says what would be unloaded with -WhatIf, and the next command loads again' {
        Invoke-TokenFactory 'x' -MaxTokens 1 | Out-Null
        Clear-TokenFactoryModel -WhatIf
        $cleared = Clear-TokenFactoryModel -PassThru
        $cleared.Name | Should -Contain 'demo'
        ($cleared | Out-String) | Should -Match 'Weights'
        Clear-TokenFactoryModel -PassThru | Should -BeNullOrEmpty
        (Invoke-TokenFactory 'again' -MaxTokens 1).OutputTokens | Should -Be 1
    }

    It 'shows in Get-TokenFactoryModel what is loaded, by which provider, with how much cache, and no longer once it was unloaded' {
        Clear-TokenFactoryModel
        (Get-TokenFactoryModel demo).Loaded | Should -BeNullOrEmpty
        $before = [DateTimeOffset]::Now
        $null = Invoke-TokenFactory 'a prompt that fills some cache' -MaxTokens 4 -IgnoreEnd
        $model = Get-TokenFactoryModel demo
        $model.Loaded.Count | Should -Be 1
        $model.Loaded[0].Provider | Should -Be Cpu
        $model.Loaded[0].LoadedAt | Should -BeGreaterOrEqual $before
        $model.Loaded[0].KvBytes | Should -BeGreaterThan (4 * $model.KvBytesPerToken)
        $model.Loaded[0].KvBytes | Should -BeLessOrEqual $model.Loaded[0].KvMemoryBytes
        $lines = ($model | Out-String -Width 80) -split "`r?`n"
        $lines -join ' ' | Should -Match 'Loaded.*random\s+Cpu'
        $lines | ForEach-Object { $_.Length | Should -BeLessOrEqual 80 }
        ($model.Loaded | Out-String -Width 80) | Should -Match 'KV\s+Since'
        $model | Clear-TokenFactoryModel
        (Get-TokenFactoryModel demo).Loaded | Should -BeNullOrEmpty
    }

    It 'unloads the models when the module is removed' {
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$((Get-Module TokenFactory.Tools).Path)'; Invoke-TokenFactory 'x' -MaxTokens 1; Remove-Module TokenFactory.Tools")
        $shell.Invoke()[0].OutputTokens | Should -Be 1
        $shell.Dispose()
        Clear-TokenFactoryModel -PassThru | Should -BeNullOrEmpty
    }
}
