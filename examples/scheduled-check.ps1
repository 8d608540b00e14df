#requires -Version 7.6
#requires -Modules TokenFactory.Tools
<#
.SYNOPSIS
    Checks a factory's capacity unattended, for a scheduler or a pipeline.
.DESCRIPTION
    Exit codes: 0 every tier holds; 1 a tier does not hold; 2 the check itself failed (a definition that can't be read, a disk that is full).
    Writes one line a tier to the output, and a JUnit and a JSON report when asked; both appear whole or not at all.
    docs/automation.md has recipes for systemd, cron, the Task Scheduler and CI.
.EXAMPLE
    pwsh -File examples/scheduled-check.ps1 -Factory examples/capacity.yaml -Headroom '20 %' -Days 90 -JUnit capacity.xml -Json capacity.json
#>
[CmdletBinding()]
param(
    # The factory definition.
    [string] $Factory = (Join-Path $PSScriptRoot capacity.yaml),
    # The headroom that must be left over each tier's demand.
    [string] $Headroom = '20 %',
    # How many days ahead it must hold.
    [ValidateRange(0, 3650)] [int] $Days = 90,
    # The day of the question; absent is today, or the definition's outlook.start when that is later.
    [Nullable[datetime]] $AsOf,
    # Where to write a JUnit report.
    [string] $JUnit,
    # Where to write the verdicts as JSON.
    [string] $Json
)

$ErrorActionPreference = 'Stop'

function Write-Whole([string] $Path, [string] $Text) {
    $target = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
    $part = "$target.$PID.part"
    try {
        [System.IO.File]::WriteAllText($part, $Text)
        [System.IO.File]::Move($part, $target, $true)
    }
    finally { if (Test-Path -LiteralPath $part) { Remove-Item -LiteralPath $part } }
}

try {
    $definition = Import-TokenFactory $Factory
    $start = $AsOf ?? [datetime]::Today
    if ($definition.Outlook.Start -gt [dateonly]::FromDateTime($start)) { $start = $definition.Outlook.Start.ToDateTime([timeonly]::MinValue) }
    $verdicts = @(Measure-TokenFactoryCapacity $definition -Headroom $Headroom -AsOf $start -Until $start.AddDays($Days))
    $failed = @($verdicts | Where-Object Holds -EQ $false)

    if ($JUnit) {
        $document = [xml]::new()
        $suite = $document.AppendChild($document.CreateElement('testsuite'))
        $suite.SetAttribute('name', "capacity of $($definition.Name)")
        $suite.SetAttribute('tests', $verdicts.Count)
        $suite.SetAttribute('failures', $failed.Count)
        $suite.SetAttribute('errors', 0)
        $suite.SetAttribute('timestamp', [datetime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ss', [cultureinfo]::InvariantCulture))
        foreach ($verdict in $verdicts) {
            $case = $suite.AppendChild($document.CreateElement('testcase'))
            $case.SetAttribute('classname', "capacity.$($definition.Name)")
            $case.SetAttribute('name', $verdict.Tier)
            if (-not $verdict.Holds) {
                $failure = $case.AppendChild($document.CreateElement('failure'))
                $failure.SetAttribute('type', $verdict.FirstLimit)
                $failure.SetAttribute('message', $verdict.Explain())
            }
        }
        Write-Whole $JUnit $document.OuterXml
    }

    if ($Json) {
        Write-Whole $Json (ConvertTo-Json -Depth 6 -EnumsAsStrings -InputObject ([ordered]@{
                    factory = $definition.Name
                    holds = $failed.Count -eq 0
                    from = $start.ToString('yyyy-MM-dd', [cultureinfo]::InvariantCulture)
                    until = $start.AddDays($Days).ToString('yyyy-MM-dd', [cultureinfo]::InvariantCulture)
                    tiers = $verdicts
                }))
    }

    $verdicts | ForEach-Object { $_.Explain() }
    exit [int]($failed.Count -gt 0)
}
catch {
    [Console]::Error.WriteLine("The capacity check failed: $($_.Exception.Message)")
    exit 2
}
