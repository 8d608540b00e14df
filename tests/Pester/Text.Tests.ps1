Describe 'Tokens' {
    BeforeAll {
        # A folder with nothing but a tokenizer.json.
        $data = Join-Path $PWD tests/TokenFactory.Inference.Tests/data/tokenizers
        $template = Join-Path $data post-template
        $folder = Join-Path $TestDrive 'only a tokenizer'
        $null = New-Item $folder -ItemType Directory
        Copy-Item (Join-Path $data spm-legacy-byte-fallback/tokenizer.json) $folder
    }

    It 'gives ids, their number, and pieces that make up the text' {
        $tokens = ConvertTo-TokenFactoryToken 'the cat, the hat' -Model $folder -NoSpecial
        $tokens.Count | Should -Be $tokens.Ids.Count
        $tokens.Pieces -join '' | Should -BeExactly 'the cat, the hat'
        $tokens.Text | Should -BeExactly 'the cat, the hat'
    }

    It 'adds special tokens unless it is told not to' {
        $with = ConvertTo-TokenFactoryToken 'the' -Model $template
        $without = ConvertTo-TokenFactoryToken 'the' -Model $template -NoSpecial
        $with.Count | Should -BeGreaterThan $without.Count
        $with.Pieces[0] | Should -BeExactly $with.Tokens[0]
    }

    It 'takes texts from the pipeline and as a property, one result each' {
        $results = 'one', '', 'two' | ConvertTo-TokenFactoryToken -Model $folder -NoSpecial
        $results.Text | Should -Be 'one', '', 'two'
        $results[1].Count | Should -Be 0
        ([pscustomobject]@{ Text = 'three' } | ConvertTo-TokenFactoryToken -Model $folder).Text | Should -Be 'three'
    }

    It 'goes there and back, whatever the characters' {
        $texts = 'plain', "zwei`nZeilen", 'ümläut', '日本語', "$([char]::ConvertFromUtf32(0x1F600)) smile"
        $texts | ConvertTo-TokenFactoryToken -Model $folder -NoSpecial | ConvertFrom-TokenFactoryToken | Should -Be $texts
    }

    It 'makes one text of ids that come one by one' {
        $ids = (ConvertTo-TokenFactoryToken '日本' -Model $folder -NoSpecial).Ids
        $ids.Count | Should -BeGreaterThan 2
        $ids | ConvertFrom-TokenFactoryToken -Model $folder | Should -BeExactly '日本'
        ConvertFrom-TokenFactoryToken $ids $folder | Should -BeExactly '日本'
    }

    It 'shows special tokens on demand' {
        $ids = (ConvertTo-TokenFactoryToken 'the' -Model $template).Ids
        ConvertFrom-TokenFactoryToken $ids -Model $template | Should -BeExactly 'the'
        ConvertFrom-TokenFactoryToken $ids -Model $template -KeepSpecial | Should -Not -BeExactly 'the'
    }

    It 'takes the file itself, relative paths, and the embedded default' {
        $file = (ConvertTo-TokenFactoryToken 'a b' -Model (Join-Path $folder tokenizer.json)).Ids
        Push-Location $folder
        try { (ConvertTo-TokenFactoryToken 'a b' -Model .).Ids | Should -Be $file }
        finally { Pop-Location }
        'through the default' | ConvertTo-TokenFactoryToken | ConvertFrom-TokenFactoryToken | Should -BeExactly 'through the default'
    }

    It 'says what is missing, and goes on with the next record' {
        $empty = New-Item (Join-Path $TestDrive empty) -ItemType Directory -Force
        { ConvertTo-TokenFactoryToken 'a' -Model $empty -ErrorAction Stop } | Should -Throw -ErrorId 'TokenizerNotFound,*'
        Set-Content (Join-Path $TestDrive torn.json) '{ "model": '
        { ConvertTo-TokenFactoryToken 'a' -Model (Join-Path $TestDrive torn.json) -ErrorAction Stop } | Should -Throw -ErrorId 'TokenizerInvalid,*'
        $records = [pscustomobject]@{ Ids = 99999999 }, [pscustomobject]@{ Ids = 100, 101 }
        $texts = $records | ConvertFrom-TokenFactoryToken -Model $folder -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed.FullyQualifiedErrorId | Should -BeLike 'TokenizerUnknownToken,*'
        @($texts).Count | Should -Be 1
    }

    It 'sees a file that has changed' {
        $changing = New-Item (Join-Path $TestDrive changing) -ItemType Directory
        Copy-Item (Join-Path $data bytelevel-regex/tokenizer.json) $changing
        $before = (ConvertTo-TokenFactoryToken 'hello there' -Model $changing).Tokens
        Copy-Item (Join-Path $data spm-legacy-byte-fallback/tokenizer.json) $changing -Force
        (ConvertTo-TokenFactoryToken 'hello there' -Model $changing).Tokens | Should -Not -Be $before
    }

    It 'is a table that fits 80 columns' {
        $lines = ('a fairly long text, so that many tokens must be cut', "two`nlines" | ConvertTo-TokenFactoryToken -Model $folder | Out-String -Width 80) -split "`r?`n"
        $lines | ForEach-Object { $_.Length | Should -BeLessOrEqual 80 }
        $lines -join ' ' | Should -Match 'Count\s+Ids\s+Pieces'
    }
}
