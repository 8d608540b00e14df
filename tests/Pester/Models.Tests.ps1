BeforeAll {
    $cacheBefore = $env:TOKENFACTORY_CACHE
    $env:TOKENFACTORY_CACHE = Join-Path $TestDrive cache
    $manifest = (Get-Module TokenFactory.Tools).Path
    if ($manifest -notlike '*.psd1') { $manifest = Join-Path (Split-Path $manifest) TokenFactory.Tools.psd1 }
    function Get-ErrorId([scriptblock] $Script) {
        $e = $null
        try { & $Script -ErrorAction Stop } catch { $e = $_ }
        $e.FullyQualifiedErrorId
    }
}

AfterAll { $env:TOKENFACTORY_CACHE = $cacheBefore }

Describe 'New-TokenFactoryModel' {
    It 'writes a model that says that its weights are random' {
        $model = New-TokenFactoryModel -Name small -Parameters 1M -Path (Join-Path $TestDrive small)
        $model.RandomWeights | Should -BeTrue
        $model.Parameters | Should -BeGreaterThan 900000
        $model.Precision | Should -Be int4
        'genai_config.json', 'model.onnx', 'model.onnx.data', 'tokenizer.json', 'tokenizer_config.json' |
            ForEach-Object { Join-Path $model.Path $_ | Should -Exist }
        $lines = ($model | Out-String -Width 80) -split "`r?`n"
        $lines | ForEach-Object { $_.Length | Should -BeLessOrEqual 80 }
        $lines -join ' ' | Should -Match 'small\s+llama\s+\S+ ?M\s+int4\s.*random'
    }

    It 'writes a folder that Invoke-TokenFactory answers from' {
        $model = New-TokenFactoryModel -Name run -Parameters 1M -Precision fp32 -Path (Join-Path $TestDrive run)
        $result = 'Hello' | Invoke-TokenFactory -Model $model -MaxTokens 4
        $result.OutputTokens | Should -Be 4
    }

    It 'writes the layout of exports too' {
        $model = New-TokenFactoryModel -Name exported -Parameters 1M -Precision fp32 -Layout HuggingFace -Path (Join-Path $TestDrive exported)
        $model.Layout | Should -Be huggingface
        Join-Path $model.Path onnx model.onnx | Should -Exist
        ('Hello' | Invoke-TokenFactory -Model $model.Path -MaxTokens 4).OutputTokens | Should -Be 4
    }

    It 'says what it would do with -WhatIf, and does not' {
        $path = Join-Path $TestDrive whatif
        New-TokenFactoryModel -Name whatif -Parameters 1.5B -Path $path -WhatIf
        $path | Should -Not -Exist
    }

    It 'replaces a model only with -Force, and other folders never' {
        $path = Join-Path $TestDrive replaced
        $null = New-TokenFactoryModel -Name one -Parameters 1M -Path $path
        Get-ErrorId { New-TokenFactoryModel -Name two -Parameters 1M -Path $path } | Should -BeLike 'ModelFolderExists*'
        (New-TokenFactoryModel -Name two -Parameters 1M -Path $path -Force).Name | Should -Be two
        $other = (New-Item -ItemType Directory (Join-Path $TestDrive other)).FullName
        Set-Content (Join-Path $other notes.txt) 'mine'
        Get-ErrorId { New-TokenFactoryModel -Name x -Parameters 1M -Path $other -Force } | Should -BeLike 'ModelFolderInvalid*'
        Get-Content (Join-Path $other notes.txt) | Should -Be mine
    }

    It 'is found again after its replacement died halfway' {
        $path = Join-Path $env:TOKENFACTORY_CACHE models half
        $null = New-TokenFactoryModel -Name half -Parameters 1M -Path $path
        Rename-Item $path '.half.1-aaaaaaaa.old.partial'
        (Get-TokenFactoryModel).Name | Should -Contain half
        (Get-TokenFactoryModel half).Path | Should -Be $path
        Get-ChildItem (Split-Path $path) -Force -Filter '.half*' | Should -BeNullOrEmpty
        Remove-Item $path -Recurse
    }

    It 'takes sizes as the field writes them, and refuses others' {
        New-TokenFactoryModel -Name a -Parameters '0.001B' -Path (Join-Path $TestDrive size) | Select-Object -ExpandProperty Parameters | Should -BeGreaterThan 900000
        foreach ($size in '15Q', '', '1K', '-3M', '9e99B') { Get-ErrorId { New-TokenFactoryModel -Name a -Parameters $size -Path (Join-Path $TestDrive none) } | Should -BeLike 'InvalidParameterCount*' }
        $line = 'New-TokenFactoryModel x -Parameters 1'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain '135M'
    }

    It 'resolves relative paths by the session, not by the process' {
        Push-Location $TestDrive
        try { (New-TokenFactoryModel -Name rel -Parameters 1M -Path ./relative).Path | Should -Be (Join-Path (Get-Item $TestDrive).FullName relative) }
        finally { Pop-Location }
    }

    It 'leaves nothing when it is stopped' {
        $folder = (New-Item -ItemType Directory (Join-Path $TestDrive stopped)).FullName
        $shell = [powershell]::Create()
        try {
            $null = $shell.AddScript('Import-Module $args[0]; New-TokenFactoryModel -Name big -Parameters 360M -Precision fp32 -Path $args[1]').AddArgument($manifest).AddArgument((Join-Path $folder big))
            $handle = $shell.BeginInvoke()
            $patience = [datetime]::UtcNow.AddSeconds(30)
            while (-not (Get-ChildItem $folder -Force -Recurse -Filter '*.data') -and [datetime]::UtcNow -lt $patience) { Start-Sleep -Milliseconds 20 }
            Get-ChildItem $folder -Force -Recurse -Filter '*.data' | Should -Not -BeNullOrEmpty
            $shell.Stop()
            $shell.InvocationStateInfo.State | Should -Be Stopped
            $shell.Streams.Error.Count | Should -Be 0
        }
        finally { $shell.Dispose() }
        $patience = [datetime]::UtcNow.AddSeconds(10)
        while ((Get-ChildItem $folder -Force) -and [datetime]::UtcNow -lt $patience) { Start-Sleep -Milliseconds 20 }
        Get-ChildItem $folder -Force | Should -BeNullOrEmpty
    }
}

Describe 'Get-TokenFactoryModel' {
    BeforeAll {
        $null = New-TokenFactoryModel -Name cached -Parameters 1M
        foreach ($name in 'wild-a', 'wild-b') { $null = New-TokenFactoryModel -Name $name -Parameters 1M -Path (Join-Path $TestDrive wild $name) }
    }

    It 'shows the embedded default and the cached models without an argument' {
        $models = Get-TokenFactoryModel
        $models.Name | Should -Contain demo
        $models.Name | Should -Contain cached
        ($models | Where-Object Name -EQ demo).RandomWeights | Should -BeTrue
    }

    It 'finds cached models by name and completes them' {
        (Get-TokenFactoryModel cached).Path | Should -BeLike (Join-Path $env:TOKENFACTORY_CACHE models *)
        $line = 'Get-TokenFactoryModel -Model c'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain cached
    }

    It 'takes wildcards, folders and models from the pipeline' {
        (Get-TokenFactoryModel (Join-Path $TestDrive wild 'wild-*')).Name | Should -Be wild-a, wild-b
        (Get-ChildItem (Join-Path $TestDrive wild) | Get-TokenFactoryModel).Name | Should -Be wild-a, wild-b
        (Get-TokenFactoryModel cached | Get-TokenFactoryModel).Name | Should -Be cached
    }

    It 'goes on after a folder that cannot be used' {
        $out = Get-TokenFactoryModel (Join-Path $TestDrive missing), cached -ErrorAction SilentlyContinue -ErrorVariable failures
        $out.Name | Should -Be cached
        $failures.Count | Should -Be 1
        $failures[0].FullyQualifiedErrorId | Should -BeLike 'ModelFolderNotFound*'
        $failures[0].CategoryInfo.Category | Should -Be ObjectNotFound
    }

    It 'tells a torn folder from a whole one' {
        $torn = (New-TokenFactoryModel -Name torn -Parameters 1M -Path (Join-Path $TestDrive torn)).Path
        $data = Join-Path $torn model.onnx.data
        [IO.File]::WriteAllBytes($data, [IO.File]::ReadAllBytes($data)[0..1000])
        Get-ErrorId { Get-TokenFactoryModel $torn } | Should -BeLike 'ModelFolderInvalid*'
        Remove-Item $data
        Get-ErrorId { Get-TokenFactoryModel $torn } | Should -BeLike 'ModelFileMissing*'
    }

    It 'makes the embedded default once though several sessions ask at the same time' {
        $private = Join-Path $TestDrive shared
        $jobs = 1..3 | ForEach-Object {
            Start-Job { $env:TOKENFACTORY_CACHE = $using:private; Import-Module $using:manifest; (Get-TokenFactoryModel demo).Parameters }
        }
        $answers = $jobs | Receive-Job -Wait -AutoRemoveJob
        $answers.Count | Should -Be 3
        $answers | Select-Object -Unique | Should -BeGreaterThan 14000000
        (Get-ChildItem (Join-Path $private models) -Directory -Force).Count | Should -Be 1
    }
}
