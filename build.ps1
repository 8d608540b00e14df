#requires -Version 7.6
<#
.SYNOPSIS
    The tasks of this repository.
.DESCRIPTION
    Build       Builds the module into out/TokenFactory.Tools.
    Quickstart  Builds, then runs examples/quickstart.ps1: from this machine's hardware to a priced token.
    Test        Builds, then runs every xUnit and Pester test; the last line is the sum.
    Bench       Builds, then prints the benchmarks' ratios; -BenchArgument chooses which: "hostile" runs 100,000 mutated files in child processes.
    Package     Lays out the module for every platform, with the licences of what it carries, as a zip and as a .nupkg that Install-PSResource takes from a folder.

    A machine with only the .NET SDK runs it as: dotnet tool restore && dotnet pwsh ./build.ps1 Quickstart
.EXAMPLE
    ./build.ps1 Quickstart
.EXAMPLE
    ./build.ps1 Test
.EXAMPLE
    ./build.ps1 Bench -BenchArgument ratios
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Quickstart', 'Test', 'Bench', 'Package')]
    [string] $Task = 'Build',

    # What the benchmarks are asked for: ratios, or another name that they list.
    [string[]] $BenchArgument = @('ratios'),

    # Where Package puts its files; out/packages unless given. What is there is replaced.
    [string] $PackagePath,

    # Package lays out the module as it was built last, for this platform alone.
    [switch] $CurrentPlatform
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
$PSNativeCommandUseErrorActionPreference = $true
# A file gets text; colours are for terminals.
if ([Console]::IsOutputRedirected) { $PSStyle.OutputRendering = 'PlainText' }
$root = $PSScriptRoot
$module = Join-Path $root out TokenFactory.Tools

function Build-Module([string[]] $Property) {
    Write-Host 'Building the module ...'
    dotnet build (Join-Path $root src TokenFactory.Tools) --nologo --verbosity quiet -consoleLoggerParameters:NoSummary @Property
}

# Sums what the runs reported; a run that reported nothing did not test anything.
function Get-TestCount([string] $Folder) {
    $count = [ordered]@{ Passed = 0; Failed = 0; Skipped = 0 }
    foreach ($file in Get-ChildItem $Folder -Filter *.trx -Recurse) {
        $report = [xml]::new()
        $report.Load($file.FullName)
        $counters = $report.TestRun.ResultSummary.Counters
        $count.Passed += [int]$counters.passed
        $count.Failed += [int]$counters.failed + [int]$counters.error + [int]$counters.timeout
        $count.Skipped += [int]$counters.notExecuted
        foreach ($result in $report.GetElementsByTagName('UnitTestResult')) {
            if ($result.outcome -notin 'NotExecuted', 'Failed') { continue }
            $word = $result.outcome -eq 'Failed' ? "failed in $($file.BaseName)" : 'skipped'
            $reason = @($result.GetElementsByTagName('StdOut')) + @($result.GetElementsByTagName('Message')) | Select-Object -First 1
            Write-Host "${word}: $($result.testName): $($reason ? $reason.InnerText : 'no reason given')"
        }
    }
    $count
}

function Invoke-Test {
    $results = Join-Path $root TestResults
    Remove-Item $results -Recurse -Force -ErrorAction Ignore
    $PSNativeCommandUseErrorActionPreference = $false
    dotnet test --solution (Join-Path $root TokenFactory.Tools.sln) --configuration Release --report-xunit-trx --results-directory $results
    $code = $LASTEXITCODE
    if (-not (Test-Path $results)) { throw 'The build broke before any test ran.' }

    # What reads and prints numbers must do so the same wherever its user lives.
    foreach ($culture in 'de-DE', 'tr-TR') {
        Write-Host "Again under $culture ..."
        $env:TOKENFACTORY_TEST_CULTURE = $culture
        try {
            foreach ($layer in 'Core', 'Hardware', 'Measurement') {
                dotnet run --no-build --configuration Release --project (Join-Path $root tests "TokenFactory.$layer.Tests") -- -noLogo -noColor -trx (Join-Path $results "$layer.$culture.trx") |
                    Select-Object -Last 3
                $code = [Math]::Max($code, $LASTEXITCODE)
            }
        }
        finally { $env:TOKENFACTORY_TEST_CULTURE = $null }
    }

    $count = Get-TestCount $results
    if ($count.Failed -or $count.Passed -eq 0) { $code = [Math]::Max($code, 1) }
    '{0} passed, {1} failed, {2} skipped' -f $count.Passed, $count.Failed, $count.Skipped
    exit $code
}

# What the module carries of others, each with the licence and notices that its package has.
function Write-Notice([string] $Folder) {
    $assets = Get-Content (Join-Path $root src TokenFactory.Tools obj project.assets.json) -Raw | ConvertFrom-Json -AsHashtable
    $target = $assets.targets.Values | Select-Object -First 1
    $carried = (Get-ChildItem (Join-Path $Folder lib) -Recurse -File).Name
    $text = [System.Text.StringBuilder]::new("TokenFactory.Tools carries parts of these packages. What each says of itself:`n")
    foreach ($name in $target.Keys | Sort-Object) {
        $entry = $target[$name]
        $files = @($entry['runtime'] ?? @{}) + @($entry['runtimeTargets'] ?? @{}) | ForEach-Object Keys | Split-Path -Leaf
        if ($entry.type -ne 'package' -or -not ($files | Where-Object { $_ -in $carried })) { continue }
        $place = $assets.packageFolders.Keys | ForEach-Object { Join-Path $_ $assets.libraries[$name].path } | Where-Object { Test-Path $_ } | Select-Object -First 1
        $nuspec = ([xml](Get-Content (Get-ChildItem $place -Filter *.nuspec).FullName -Raw)).package.metadata
        $license = $nuspec['license'] ? $nuspec['license'].InnerText : $nuspec['licenseUrl'] ? $nuspec['licenseUrl'].InnerText : 'not stated'
        $null = $text.Append("`n$('=' * 100)`n$($name.Replace('/', ' '))`nLicence: $license`n")
        foreach ($file in Get-ChildItem $place -File -Recurse -Depth 1 | Where-Object Name -Match '^(licen[cs]e|notice|third-?party-?notices?)\b.*\.?(txt|md)?$' | Sort-Object FullName) {
            $null = $text.Append("`n$((Get-Content $file.FullName -Raw).Trim())`n")
        }
    }
    [IO.File]::WriteAllText((Join-Path $Folder THIRD-PARTY-NOTICES.txt), $text.ToString().ReplaceLineEndings("`n"))
}

function New-Package {
    $packages = $PackagePath ? $PSCmdlet.GetUnresolvedProviderPathFromPSPath($PackagePath) : (Join-Path $root out packages)
    Remove-Item $packages -Recurse -Force -ErrorAction Ignore
    $staging = New-Item (Join-Path $packages TokenFactory.Tools) -ItemType Directory -Force
    if ($CurrentPlatform) { Copy-Item (Join-Path $module *) $staging -Recurse }
    else {
        # All platforms in a folder of its own: the everyday layout stays small.
        Build-Module '-p:ModulePlatforms=((win|linux|osx)-(x64|arm64)|osx)', "-p:ModuleFolder=$staging$([IO.Path]::DirectorySeparatorChar)"
    }
    Get-ChildItem $staging -Recurse -Include *.pdb, TokenFactory.Tools.xml, TokenFactory.Tools.Init.xml | Remove-Item
    $version = (Import-PowerShellDataFile (Join-Path $staging TokenFactory.Tools.psd1)).ModuleVersion
    Copy-Item (Join-Path $root LICENSE) $staging
    Write-Notice $staging
    $zip = Join-Path $packages "TokenFactory.Tools.$version.zip"
    [System.IO.Compression.ZipFile]::CreateFromDirectory($staging, $zip, ($CurrentPlatform ? 'Fastest' : 'Optimal'), $true)
    # PSResourceGet publishes to any folder that is registered as a repository.
    $name = "tokenfactory-package-$PID"
    Register-PSResourceRepository -Name $name -Uri $packages -Trusted
    try { Publish-PSResource -Path $staging -Repository $name -SkipDependenciesCheck }
    finally { Unregister-PSResourceRepository -Name $name }
    Get-ChildItem $packages -File | Select-Object Name, @{ Name = 'MiB'; Expression = { [Math]::Round($_.Length / 1MB, 1) } }
}

Push-Location $root
try {
    switch ($Task) {
        Build { Build-Module; $module }
        Quickstart {
            Build-Module
            Import-Module (Join-Path $module TokenFactory.Tools.psd1)
            & (Join-Path $root examples quickstart.ps1)
        }
        Test { Invoke-Test }
        Bench { dotnet run --configuration Release --project (Join-Path $root tests TokenFactory.Benchmarks) -- @BenchArgument }
        Package { New-Package }
    }
}
finally { Pop-Location }
