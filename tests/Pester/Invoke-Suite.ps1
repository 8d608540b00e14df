<#
.SYNOPSIS
    Runs the Pester suites against the built module and writes their results as JUnit XML.
#>
param(
    # Pester's manifest.
    [Parameter(Mandatory)] [string] $Pester,
    # The file to write.
    [Parameter(Mandatory)] [string] $Results,
    # The suites' files.
    [Parameter(Mandatory)] [string[]] $Path,
    # Runs only the tests that must hold in every culture, under this one.
    [string] $Culture
)

$ErrorActionPreference = 'Stop'
$root = Split-Path (Split-Path $PSScriptRoot)
Set-Location $root
if ($Culture) {
    [cultureinfo]::DefaultThreadCurrentCulture = $Culture
    [cultureinfo]::CurrentCulture = $Culture
}
# Nothing of the user's own settings and installed providers may decide a test, and no test may change them.
$private = Join-Path ([IO.Path]::GetTempPath()) "tokenfactory-pester-$PID"
$env:TOKENFACTORY_CONFIG = Join-Path $private config
$env:TOKENFACTORY_DATA = Join-Path $private data
Import-Module $Pester
Import-Module (Join-Path $root out TokenFactory.Tools TokenFactory.Tools.psd1)
$configuration = New-PesterConfiguration
$configuration.Run.Path = $Path
$configuration.Output.Verbosity = 'Normal'
$configuration.Output.RenderMode = 'Plaintext'
$configuration.TestResult.Enabled = $true
$configuration.TestResult.OutputFormat = 'JUnitXml'
$configuration.TestResult.OutputPath = $Results
if ($Culture) { $configuration.Filter.Tag = 'Culture' }
try { Invoke-Pester -Configuration $configuration }
finally { Remove-Item $private -Recurse -Force -ErrorAction Ignore }
