BeforeDiscovery {
    # A machine that is not set up for PowerShellGet has no PSResourceGet to publish with.
    $script:reason = if (-not (Get-Module -ListAvailable Microsoft.PowerShell.PSResourceGet)) { 'Microsoft.PowerShell.PSResourceGet is not there' }
}

Describe 'build.ps1 Package, for this platform' -Skip:([bool]$reason) {
    BeforeAll {
        $packages = Join-Path ([IO.Path]::GetTempPath()) "tokenfactory-packages-$PID"
        dotnet pwsh -NoProfile -NonInteractive -File ./build.ps1 Package -CurrentPlatform -PackagePath $packages | Out-Null
        $code = $LASTEXITCODE
        $version = (Import-PowerShellDataFile ./out/TokenFactory.Tools/TokenFactory.Tools.psd1).ModuleVersion
        $staged = Join-Path $packages TokenFactory.Tools
        $files = Get-ChildItem $staged -Recurse -File | ForEach-Object { [IO.Path]::GetRelativePath($staged, $_.FullName).Replace('\', '/') }
    }

    AfterAll { Remove-Item $packages -Recurse -Force -ErrorAction Ignore }

    It 'makes a zip and a package' {
        $code | Should -Be 0
        "TokenFactory.Tools.$version.zip", "TokenFactory.Tools.$version.nupkg" | ForEach-Object { Join-Path $packages $_ | Should -Exist }
    }

    It 'has the files of a module and no others' {
        foreach ($needed in 'TokenFactory.Tools.psd1', 'TokenFactory.Tools.dll', 'TokenFactory.Tools.Init.dll', 'LICENSE', 'THIRD-PARTY-NOTICES.txt', 'schemas/factory.schema.json',
            'en-US/TokenFactory.Tools.dll-Help.xml', 'en-US/about_TokenFactory_Definition.help.txt', 'lib/TokenFactory.Core.dll', 'lib/Microsoft.ML.OnnxRuntime.dll') {
            $files | Should -Contain $needed
        }
        $files | Where-Object { $_ -match '\.(pdb|lib|deps\.json)$|^TokenFactory.*\.xml$|System\.Management\.Automation|android|ios' } | Should -BeNullOrEmpty
        @($files | Where-Object { $_ -like 'lib/runtimes/*' } | ForEach-Object { $_.Split('/')[2] } | Sort-Object -Unique).Count | Should -BeLessOrEqual 2
    }

    It 'names the licence of every package that it carries' {
        $notices = Get-Content (Join-Path $staged THIRD-PARTY-NOTICES.txt) -Raw
        foreach ($name in 'Microsoft.ML.OnnxRuntime', 'Google.OrTools', 'YamlDotNet', 'ScottPlot', 'SkiaSharp', 'Spectre.Console', 'HdrHistogram', 'MathNet.Numerics', 'NuGet.Protocol', 'Google.Protobuf') {
            $notices | Should -Match "(?m)^$([regex]::Escape($name)) \d"
        }
        $notices | Should -Not -Match '(?m)^Licence: not stated'
        # Each assembly that is not ours belongs to a package that is named.
        $foreign = $files | Where-Object { $_ -match '^lib/[^/]+\.dll$' -and $_ -notmatch '^lib/TokenFactory\.' }
        ([regex]::Matches($notices, '(?m)^Licence: ')).Count | Should -BeGreaterOrEqual ($foreign.Count / 2)
    }

    It 'installs from a folder and runs in a fresh pwsh' {
        $place = Join-Path $packages installed
        $null = New-Item $place -ItemType Directory
        $name = "tokenfactory-test-$PID"
        Register-PSResourceRepository -Name $name -Uri $packages -Trusted
        try { Save-PSResource -Name TokenFactory.Tools -Repository $name -Path $place -SkipDependencyCheck }
        finally { Unregister-PSResourceRepository -Name $name }
        $manifest = Join-Path $place TokenFactory.Tools $version TokenFactory.Tools.psd1
        Test-ModuleManifest $manifest | Select-Object -ExpandProperty Version | Should -Be $version
        $said = dotnet pwsh -NoProfile -NonInteractive -Command "
            `$PSStyle.OutputRendering = 'PlainText'
            Import-Module '$manifest' -ErrorAction Stop
            (Get-Command -Module TokenFactory.Tools).Count
            (Get-TokenFactoryCost examples/gigawatt.yaml).Count
            (Optimize-TokenFactory examples/gigawatt.yaml).RevenuePerDay -gt 0
            ('a b' | ConvertTo-TokenFactoryToken -NoSpecial).Count -gt 0"
        $said | Should -Be (Get-Command -Module TokenFactory.Tools).Count, 5, 'True', 'True'
    }
}
