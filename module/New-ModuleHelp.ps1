#requires -Version 7.6
<#
.SYNOPSIS
    Writes the module's MAML help from the XML documentation of the cmdlet classes.
.DESCRIPTION
    The build runs this in a child pwsh after the module is laid out, so that Get-Help and the source can't drift apart. A cmdlet
    without synopsis, or a parameter without description, is an error.
#>
[CmdletBinding()]
param(
    # The laid-out module folder.
    [Parameter(Mandatory)] [string] $ModuleFolder
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
Import-Module (Join-Path $ModuleFolder 'TokenFactory.Tools.psd1')
$documentation = [xml]::new()
$documentation.Load((Join-Path $ModuleFolder 'TokenFactory.Tools.xml'))
$common = [System.Management.Automation.Cmdlet]::CommonParameters + [System.Management.Automation.Cmdlet]::OptionalCommonParameters
$commandNs = 'http://schemas.microsoft.com/maml/dev/command/2004/10'
$mamlNs = 'http://schemas.microsoft.com/maml/2004/10'
$devNs = 'http://schemas.microsoft.com/maml/dev/2004/10'
$problems = [System.Collections.Generic.List[string]]::new()

# Plain text of a documentation element: <see cref="T:A.B.C"/> is C, <paramref name="x"/> is x, white space folded.
function Get-PlainText([System.Xml.XmlNode] $Node) {
    if ($null -eq $Node) { return '' }
    $text = foreach ($child in $Node.ChildNodes) {
        switch ($child.LocalName) {
            { $_ -in 'see', 'seealso' } {
                $name = $child.GetAttribute('cref') + $child.GetAttribute('langword') + $child.GetAttribute('href')
                ($name -replace '^\w:', '' -replace '\(.*$', '' -split '\.')[-1]
            }
            { $_ -in 'paramref', 'typeparamref' } { $child.GetAttribute('name') }
            '#text' { $child.Value }
            '#whitespace' { ' ' }
            '#significant-whitespace' { ' ' }
            default { Get-PlainText $child }
        }
    }
    ((-join $text) -replace '\s+', ' ').Trim()
}

function Get-Member([string] $Id, [string] $Element) {
    $documentation.SelectSingleNode("/doc/members/member[@name='$Id']/$Element")
}

# A property is documented on the class that declares it, which may be a base class.
function Get-ParameterText([type] $Type, [string] $Name) {
    for ($declaring = $Type; $declaring; $declaring = $declaring.BaseType) {
        $node = Get-Member "P:$($declaring.FullName).$Name" 'summary'
        if ($node) { return Get-PlainText $node }
    }
    $problems.Add("$($Type.Name) has no description of -$Name.")
    ''
}

function Get-TypeName([type] $Type) {
    $inner = [Nullable]::GetUnderlyingType($Type)
    if ($inner) { return Get-TypeName $inner }
    if ($Type.IsArray) { return (Get-TypeName $Type.GetElementType()) + '[]' }
    switch ($Type) { ([switch]) { 'SwitchParameter' } default { $Type.Name } }
}

$folder = New-Item (Join-Path $ModuleFolder 'en-US') -ItemType Directory -Force
$target = Join-Path $folder 'TokenFactory.Tools.dll-Help.xml'
$settings = [System.Xml.XmlWriterSettings]@{ Indent = $true; Encoding = [System.Text.UTF8Encoding]::new($false); NewLineChars = "`n" }
$xml = [System.Xml.XmlWriter]::Create("$target.tmp", $settings)

function Write-Para([string] $Element, [string[]] $Text, [string] $Namespace = $mamlNs) {
    $xml.WriteStartElement($Element, $Namespace)
    foreach ($line in $Text) { $xml.WriteElementString('para', $mamlNs, $line) }
    $xml.WriteEndElement()
}

function Write-Parameter([System.Management.Automation.CommandParameterInfo] $Parameter, [type] $Type) {
    $xml.WriteStartElement('command', 'parameter', $commandNs)
    $xml.WriteAttributeString('required', "$($Parameter.IsMandatory)".ToLowerInvariant())
    $xml.WriteAttributeString('variableLength', "$($Parameter.ParameterType.IsArray)".ToLowerInvariant())
    $pipeline = @(
        if ($Parameter.ValueFromPipeline) { 'ByValue' }
        if ($Parameter.ValueFromPipelineByPropertyName) { 'ByPropertyName' }
    )
    $xml.WriteAttributeString('pipelineInput', $(if ($pipeline) { "true ($($pipeline -join ', '))" } else { 'false' }))
    $xml.WriteAttributeString('position', $(if ($Parameter.Position -ge 0) { "$($Parameter.Position)" } else { 'named' }))
    if ($Parameter.Aliases) { $xml.WriteAttributeString('aliases', ($Parameter.Aliases -join ', ')) }
    $xml.WriteElementString('name', $mamlNs, $Parameter.Name)
    Write-Para 'description' (Get-ParameterText $Type $Parameter.Name)
    if ($Parameter.ParameterType -ne [switch]) {
        $xml.WriteStartElement('command', 'parameterValue', $commandNs)
        $xml.WriteAttributeString('required', 'true')
        $xml.WriteString((Get-TypeName $Parameter.ParameterType))
        $xml.WriteEndElement()
    }
    $xml.WriteEndElement()
}

function Write-TypeList([string] $Element, [string] $Item, [object[]] $Types) {
    $xml.WriteStartElement('command', $Element, $commandNs)
    foreach ($entry in $Types) {
        $xml.WriteStartElement('command', $Item, $commandNs)
        $xml.WriteStartElement('dev', 'type', $devNs)
        $xml.WriteElementString('name', $mamlNs, $entry.Name)
        $xml.WriteEndElement()
        Write-Para 'description' $entry.Text
        $xml.WriteEndElement()
    }
    $xml.WriteEndElement()
}

try {
    $xml.WriteStartElement('helpItems')
    $xml.WriteAttributeString('schema', 'maml')
    $xml.WriteAttributeString('xmlns', 'maml', $null, $mamlNs)
    $xml.WriteAttributeString('xmlns', 'command', $null, $commandNs)
    $xml.WriteAttributeString('xmlns', 'dev', $null, $devNs)
    foreach ($command in Get-Command -Module TokenFactory.Tools -CommandType Cmdlet | Sort-Object Name) {
        $type = $command.ImplementingType
        $id = "T:$($type.FullName)"
        $synopsis = Get-PlainText (Get-Member $id 'summary')
        if (-not $synopsis) { $problems.Add("$($type.Name) has no synopsis.") }
        $remarks = Get-Member $id 'remarks'
        $description = if ($remarks -and $remarks.SelectNodes('para').Count) {
            foreach ($para in $remarks.SelectNodes('para')) { Get-PlainText $para }
        }
        elseif ($remarks) { Get-PlainText $remarks }
        else { $synopsis }

        $xml.WriteStartElement('command', 'command', $commandNs)
        $xml.WriteStartElement('command', 'details', $commandNs)
        $xml.WriteElementString('name', $commandNs, $command.Name)
        $xml.WriteElementString('verb', $commandNs, $command.Verb)
        $xml.WriteElementString('noun', $commandNs, $command.Noun)
        Write-Para 'description' $synopsis
        $xml.WriteEndElement()
        Write-Para 'description' $description

        $xml.WriteStartElement('command', 'syntax', $commandNs)
        foreach ($set in $command.ParameterSets) {
            $xml.WriteStartElement('command', 'syntaxItem', $commandNs)
            $xml.WriteElementString('name', $mamlNs, $command.Name)
            $ordered = $set.Parameters | Where-Object Name -NotIn $common |
                Sort-Object { $_.Position -lt 0 }, Position, { -not $_.IsMandatory }, Name
            foreach ($parameter in $ordered) { Write-Parameter $parameter $type }
            $xml.WriteEndElement()
        }
        $xml.WriteEndElement()

        $xml.WriteStartElement('command', 'parameters', $commandNs)
        foreach ($parameter in $command.ParameterSets.Parameters | Where-Object Name -NotIn $common | Sort-Object Name -Unique) {
            Write-Parameter $parameter $type
        }
        $xml.WriteEndElement()

        $inputs = foreach ($parameter in $command.ParameterSets.Parameters | Where-Object ValueFromPipeline | Sort-Object Name -Unique) {
            @{ Name = $parameter.ParameterType.FullName; Text = "Binds to -$($parameter.Name)." }
        }
        Write-TypeList 'inputTypes' 'inputType' @($inputs)
        $outputs = foreach ($output in $command.OutputType) {
            $properties = if ($output.Type -and $output.Type.Namespace -like 'TokenFactory.*') {
                'Properties: ' + ($output.Type.GetProperties().Name -join ', ') + '.'
            }
            else { ' ' }
            @{ Name = $output.Name; Text = $properties }
        }
        Write-TypeList 'returnValues' 'returnValue' @($outputs)

        $xml.WriteStartElement('command', 'examples', $commandNs)
        $number = 0
        foreach ($example in $documentation.SelectNodes("/doc/members/member[@name='$id']/example")) {
            $number++
            $code = $example.SelectSingleNode('code').InnerText.Trim("`r", "`n", ' ') -replace '(?m)^ {4,12}(?=\S)', ''
            $xml.WriteStartElement('command', 'example', $commandNs)
            $xml.WriteElementString('title', $mamlNs, "-------------------------- Example $number --------------------------")
            $xml.WriteElementString('code', $devNs, $code)
            Write-Para 'remarks' (Get-PlainText $example.SelectSingleNode('para')) $devNs
            $xml.WriteEndElement()
        }
        $xml.WriteEndElement()
        $xml.WriteEndElement()
    }
    $xml.WriteEndElement()
}
finally { $xml.Dispose() }
if ($problems) { throw "Help is incomplete:`n" + ($problems -join "`n") }
Move-Item "$target.tmp" $target -Force
