@{
    RootModule           = 'TokenFactory.Tools.dll'
    NestedModules        = @('TokenFactory.Tools.Init.dll')
    ModuleVersion        = '0.1.0'
    GUID                 = '0f6a9b2e-7a3c-4a52-9a4e-5c1f4a9de1b7'
    Author               = 'TokenFactory.Tools contributors'
    CompanyName          = 'TokenFactory.Tools contributors'
    Copyright            = 'Copyright (c) 2026 TokenFactory.Tools contributors. MIT licence.'
    Description          = 'What does this machine produce, what does a token cost, how should I run it, does it hold? One pipeline of objects from hardware to a priced token.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @(
        'Formats/Definition.Format.ps1xml'
        'Formats/Economics.Format.ps1xml'
        'Formats/Hardware.Format.ps1xml'
        'Formats/Inference.Format.ps1xml'
        'Formats/Measurement.Format.ps1xml'
    )
    CmdletsToExport      = @(
        'Clear-TokenFactoryModel'
        'Compare-TokenFactory'
        'Compare-TokenFactoryMeasurement'
        'ConvertFrom-TokenFactoryToken'
        'ConvertTo-TokenFactoryToken'
        'Export-TokenFactoryReport'
        'Get-TokenFactoryAccelerator'
        'Get-TokenFactoryArchitecture'
        'Get-TokenFactoryBudget'
        'Get-TokenFactoryCost'
        'Get-TokenFactoryHardware'
        'Get-TokenFactoryHardwareIssue'
        'Get-TokenFactoryModel'
        'Get-TokenFactoryOutlook'
        'Get-TokenFactoryProvider'
        'Get-TokenFactoryWorkload'
        'Import-TokenFactory'
        'Import-TokenFactoryMeasurement'
        'Install-TokenFactoryProvider'
        'Invoke-TokenFactory'
        'Measure-TokenFactoryCapacity'
        'Measure-TokenFactoryHardware'
        'Measure-TokenFactoryThroughput'
        'New-TokenFactory'
        'New-TokenFactoryModel'
        'Optimize-TokenFactory'
        'Register-TokenFactoryShouldOperator'
        'Show-TokenFactoryCost'
        'Test-TokenFactoryCapacity'
        'Test-TokenFactoryHardware'
        'Uninstall-TokenFactoryProvider'
    )
    FunctionsToExport    = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    PrivateData          = @{
        PSData = @{
            Tags       = @('AI', 'LLM', 'Inference', 'Tokens', 'Capacity', 'Cost', 'GPU', 'ONNX', 'Windows', 'Linux', 'MacOS', 'PSEdition_Core')
            LicenseUri = 'https://opensource.org/license/mit'
        }
    }
}
