using System.Management.Automation;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Writes a language model with random weights as an ONNX model folder.</summary>
/// <remarks>
/// The model has the graph, size and speed of a real one and says nothing sensible: its weights are random. Use it to measure what a model of
/// a size would do on a machine without downloading one. The folder appears whole or not at all; equal parameters and seed give equal bytes.
/// </remarks>
/// <example>
/// <code>New-TokenFactoryModel -Name demo -Parameters 15M -Precision int4 -Path (Join-Path ([IO.Path]::GetTempPath()) demo-model) -Force</code>
/// <para>Writes 15 million int4 parameters into a folder.</para>
/// </example>
/// <example>
/// <code>New-TokenFactoryModel tiny 1M -Precision fp32 -Path (Join-Path ([IO.Path]::GetTempPath()) tiny-model) -Force | Format-List *</code>
/// <para>Writes a smaller one in full precision and tells all about it.</para>
/// </example>
/// <example>
/// <code>New-TokenFactoryModel -Name large -Parameters 1.5B -WhatIf</code>
/// <para>Says where the model would go, here to the per-user cache where its name is enough to find it, and how much room it takes.</para>
/// </example>
[Cmdlet(VerbsCommon.New, "TokenFactoryModel", SupportsShouldProcess = true)]
[OutputType(typeof(ModelInfo))]
public sealed class NewTokenFactoryModelCommand : TokenFactoryCommand
{
    /// <summary>The model's name.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    /// <summary>Parameters to come near to, such as 15M or 1.5B. From 135M on, sizes of published models have their shape.</summary>
    [Parameter(Position = 1)]
    [ArgumentCompleter(typeof(ParameterCountCompleter))]
    public string Parameters { get; set; } = "15M";

    /// <summary>How weights are stored: int4, int8, fp16 or fp32.</summary>
    [Parameter]
    public ModelPrecision Precision { get; set; } = ModelPrecision.Int4;

    /// <summary>The folder to write. Without it, a folder of the model's name in the per-user cache.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>The folder's layout: GenAI (ONNX Runtime GenAI) or HuggingFace.</summary>
    [Parameter]
    public ModelLayout Layout { get; set; } = ModelLayout.GenAI;

    /// <summary>Seed of the random weights.</summary>
    [Parameter]
    public long Seed { get; set; }

    /// <summary>Replaces a model folder that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        var options = new SyntheticModelOptions { Name = Name, Parameters = ParameterCount.Parse(Parameters), Precision = Precision, Seed = Seed, Layout = Layout };
        string folder = Path is null ? DefaultModel.NamedFolder(Name) : SessionPaths.Unresolved(SessionState, Path);
        DecoderShape shape = options.ResolvedShape;
        string size = $"{ParameterCount.Format(shape.Parameters)} random parameters in {Precision.ToString().ToLowerInvariant()}, about {FormatHelpers.Bytes(SyntheticModel.EstimateBytes(options))}";
        WriteVerbose($"{shape.Layers} layers of {shape.Hidden}, {shape.Heads} heads ({shape.KvHeads} for keys and values) of {shape.HeadSize}, vocabulary {shape.Vocabulary}: {size}.");
        if (!ShouldProcess(folder, $"Write a model of {size}"))
        {
            return;
        }

        if (!Force && Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw ModelFolderException.Exists(folder);
        }

        ModelInfo? info = null;
        Pump((writer, token) => Task.Run(() =>
        {
            var progress = new ImmediateProgress(fraction => writer.Progress($"Writing the model {Name}", size, fraction));
            info = SyntheticModel.Write(options, folder, progress, token);
        }, token));
        WriteObject(info);
    }
}
