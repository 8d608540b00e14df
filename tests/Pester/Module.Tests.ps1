BeforeAll {
    $script:manifest = Join-Path $PWD out TokenFactory.Tools TokenFactory.Tools.psd1
    function Invoke-Pwsh([string] $Script) {
        $prelude = "`$ErrorActionPreference = 'Stop'; `$PSStyle.OutputRendering = 'PlainText'; "
        dotnet pwsh -NoProfile -NonInteractive -Command ($prelude + $Script)
    }
}

Describe 'The module' {
    It 'exports exactly the cmdlets of its manifest' {
        $declared = (Import-PowerShellDataFile $manifest).CmdletsToExport | Sort-Object
        (Get-Command -Module TokenFactory.Tools).Name | Sort-Object | Should -Be $declared
    }

    It 'is a valid manifest with its files' {
        Test-ModuleManifest $manifest | Select-Object -ExpandProperty Name | Should -Be 'TokenFactory.Tools'
    }

    It 'loads no dependency and no native library at import' {
        $loaded = Invoke-Pwsh @"
Import-Module '$manifest'
[System.AppDomain]::CurrentDomain.GetAssemblies().GetName().Name
(Get-Process -Id `$PID).Modules.ModuleName
"@
        $loaded | Where-Object { $_ -match 'onnxruntime|YamlDotNet|OrTools|Skia|Spectre|ScottPlot|google-ortools' } | Should -BeNullOrEmpty
    }

    It 'names a native library of ONNX Runtime that can''t be used, in one error for each command' {
        $folder = Join-Path $TestDrive runtime
        $null = New-Item -ItemType Directory $folder
        foreach ($name in 'libonnxruntime.so', 'libonnxruntime.dylib', 'onnxruntime.dll') { Set-Content (Join-Path $folder $name) 'not a library' }
        $messages = Invoke-Pwsh @"
`$env:TOKENFACTORY_PROVIDER_PATH = '$folder'
Import-Module '$manifest'
foreach (`$command in { Get-TokenFactoryProvider }, { Invoke-TokenFactory one -MaxTokens 1 }, { Invoke-TokenFactory one -MaxTokens 1 -Provider Cuda }) {
    try { & `$command; 'nothing failed' } catch { `$_.FullyQualifiedErrorId.Split(',')[0] + ' ' + `$_.Exception.Message }
}
`$measured = Measure-TokenFactoryHardware -Precision int4
"`$(`$measured.ReadBytesPerSecond -gt 0) `$(`$measured.Compute[0].Reason)"
"@
        $messages.Count | Should -Be 4
        $messages[3] | Should -BeLike 'True *Get-TokenFactoryProvider*'
        foreach ($message in $messages[0..2]) {
            $message | Should -BeLike 'ProviderLibraryUnusable *TOKENFACTORY_PROVIDER_PATH*'
        }
    }

    It 'never loads a dependency into the default context' {
        $default = Invoke-Pwsh @"
Import-Module '$manifest'
`$null = Import-TokenFactory examples/workstation.yaml
`$null = Invoke-TokenFactory 'Hello' -MaxTokens 2
[System.Runtime.Loader.AssemblyLoadContext]::Default.Assemblies.GetName().Name
"@
        $default | Where-Object { $_ -match 'OnnxRuntime|YamlDotNet|OrTools|Skia|Spectre|ScottPlot|MathNet|HdrHistogram|^NuGet' } | Should -BeNullOrEmpty
        $default | Should -Contain 'TokenFactory.Tools'
    }

    It 'works beside another version of YamlDotNet in the session' {
        # A stand-in of the same name and another version, as a foreign module would bring it.
        $foreign = Join-Path $TestDrive YamlDotNet.dll
        $result = Invoke-Pwsh @"
`$code = '[assembly: System.Reflection.AssemblyVersion("15.0.0.0")] namespace YamlDotNet { public class Foreign { } }'
Add-Type -TypeDefinition `$code -OutputAssembly '$foreign' -OutputType Library
Rename-Item '$foreign' 'x.dll'; Rename-Item '$(Join-Path $TestDrive x.dll)' 'YamlDotNet.dll'
`$null = [System.Runtime.Loader.AssemblyLoadContext]::Default.LoadFromAssemblyPath('$foreign')
Import-Module '$manifest'
(Import-TokenFactory examples/workstation.yaml).GetType().Name
"@
        $result | Select-Object -Last 1 | Should -Be 'FactoryDefinition'
    }

    It 'survives <Name>' -ForEach @(
        @{ Name = 'Import-Module -Force'; Script = 'Import-Module $m; Import-Module $m -Force' }
        @{ Name = 'remove and import'; Script = 'Import-Module $m; $null = Import-TokenFactory examples/workstation.yaml; Remove-Module TokenFactory.Tools; Import-Module $m' }
    ) {
        $result = Invoke-Pwsh "`$m = '$manifest'; $Script; (Import-TokenFactory examples/workstation.yaml).GetType().Name"
        $result | Should -Be 'FactoryDefinition'
    }

    It 'works in ForEach-Object -Parallel' {
        $types = 1..4 | ForEach-Object -Parallel {
            Import-Module $using:manifest
            (Import-TokenFactory (Join-Path $using:PWD examples workstation.yaml)).GetType().Name
        }
        $types | Should -Be (@('FactoryDefinition') * 4)
    }

    It 'works in Start-ThreadJob' {
        $job = Start-ThreadJob { Import-Module $using:manifest; (Import-TokenFactory (Join-Path $using:PWD examples workstation.yaml)).Name }
        $job | Receive-Job -Wait -AutoRemoveJob | Should -Not -BeNullOrEmpty
    }

    It 'works in Start-Job' {
        # A job needs the host's own executable; inside the .NET tool the process is dotnet.
        $executable = (Get-Process -Id $PID).Path
        if ((Split-Path $executable -LeafBase) -ne 'pwsh' -and -not (Get-Command pwsh -CommandType Application -ErrorAction Ignore) -and -not (Test-Path (Join-Path $PSHOME pwsh*))) {
            Set-ItResult -Skipped -Because 'no pwsh executable is here to start a job with'
            return
        }
        $job = Start-Job { Import-Module $using:manifest; (Import-TokenFactory (Join-Path $using:PWD examples workstation.yaml)).Name }
        $job | Receive-Job -Wait -AutoRemoveJob | Should -Not -BeNullOrEmpty
    }
}
