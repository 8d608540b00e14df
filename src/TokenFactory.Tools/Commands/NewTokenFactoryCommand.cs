using System.Management.Automation;
using TokenFactory.Core.Definitions;
using TokenFactory.Hardware;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Writes a commented first factory definition of this machine.</summary>
/// <remarks>
/// <para>The definition names the devices that Get-TokenFactoryHardware found, or those that come by the pipeline. Known accelerators get their all-in power
/// and rent from the catalog; every other figure is marked ASSUMED, to be replaced by your own. The file reads without errors as it is.</para>
/// <para>The file is written whole or not at all, and one that is there is only replaced with -Force.</para>
/// </remarks>
/// <example>
///   <code>New-TokenFactory factory.yaml; Import-TokenFactory factory.yaml</code>
///   <para>Writes a definition of this machine and reads it.</para>
/// </example>
/// <example>
///   <code>New-TokenFactory factory.yaml -WhatIf</code>
///   <para>Says what it would write, and writes nothing.</para>
/// </example>
/// <example>
///   <code>Get-TokenFactoryHardware Cpu, Memory | New-TokenFactory cpu.yaml -Name cpu-box -Currency EUR -Force</code>
///   <para>Writes a definition of the processor alone, in euros.</para>
/// </example>
[Cmdlet(VerbsCommon.New, "TokenFactory", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class NewTokenFactoryCommand : TokenFactoryCommand
{
    private readonly List<HardwareDevice> _devices = [];

    /// <summary>Path of the definition to write.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = null!;

    /// <summary>The factory's name; the file's name when absent.</summary>
    [Parameter]
    [ValidateLength(1, 200)]
    public string? Name { get; set; }

    /// <summary>ISO code of the currency.</summary>
    [Parameter]
    [ValidatePattern("^[A-Z]{3}$", Options = System.Text.RegularExpressions.RegexOptions.None)]
    public string Currency { get; set; } = "USD";

    /// <summary>The devices to describe; this machine's when absent.</summary>
    [Parameter(ValueFromPipeline = true)]
    public HardwareDevice[] Hardware { get; set; } = [];

    /// <summary>Replaces a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void OnRecord() => _devices.AddRange(Hardware);

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        string path = SessionPaths.Unresolved(SessionState, Path);
        IReadOnlyList<HardwareDevice> devices = _devices.Count > 0 ? _devices : HardwareProbe.GetDevices(cancellationToken: StopToken);
        DeviceFacts[] facts = [.. devices
            .Where(d => d.Kind is HardwareKind.Cpu or HardwareKind.Gpu or HardwareKind.Npu && d.Name.Length > 0)
            .GroupBy(d => (d.Kind, d.Name))
            .Select(g => new DeviceFacts(g.Key.Name, g.Key.Kind != HardwareKind.Cpu, g.Key.Kind == HardwareKind.Cpu ? 1 : g.Count(), g.First().MemoryBytes, g.First().PowerLimitWatts))];
        string name = string.IsNullOrWhiteSpace(Name) ? System.IO.Path.GetFileNameWithoutExtension(path) : Name.Trim();
        string text = FactoryWriter.Draft(name, facts, Currency);
        string found = string.Join(", ", facts.Select(f => $"{f.Count} x {f.Name}"));
        if (ShouldProcess(path, $"Write a factory definition for {(found.Length == 0 ? "a machine without known devices" : found)}"))
        {
            FactoryWriter.WriteFile(path, text, Force);
            WriteObject(new FileInfo(path));
        }
    }
}
