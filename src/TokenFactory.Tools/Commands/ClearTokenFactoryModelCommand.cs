using System.Management.Automation;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Unloads models from this session's memory.</summary>
/// <remarks>
/// Models stay loaded after a command, so that the next one starts at once. This gives their memory back. The folders on disk stay
/// (Remove-TokenFactoryModel deletes those). A model that another runspace is using leaves when that use ends.
/// </remarks>
/// <example>
/// <code>Clear-TokenFactoryModel</code>
/// <para>Unloads every model.</para>
/// </example>
/// <example>
/// <code>Invoke-TokenFactory 'Hello' -MaxTokens 4 | Out-Null; Clear-TokenFactoryModel demo -PassThru</code>
/// <para>Unloads the embedded default and shows what was unloaded.</para>
/// </example>
/// <example>
/// <code>Clear-TokenFactoryModel -WhatIf</code>
/// <para>Says what would be unloaded.</para>
/// </example>
[Cmdlet(VerbsCommon.Clear, "TokenFactoryModel", SupportsShouldProcess = true)]
[OutputType(typeof(LoadedModel))]
public sealed class ClearTokenFactoryModelCommand : TokenFactoryCommand
{
    /// <summary>The model to unload: an object of Get-TokenFactoryModel, a name, or a folder's path. Without it, all.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ModelTransformation]
    [ArgumentCompleter(typeof(ModelCompleter))]
    public ModelReference? Model { get; set; }

    /// <summary>Returns the models that were unloaded.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        string? path = Model is null ? null : Model.Path ?? DefaultModel.Path;
        foreach (LoadedModel loaded in EngineCache.Loaded.Where(m => path is null || string.Equals(m.Path, path, StringComparison.Ordinal)).DistinctBy(m => m.Path))
        {
            if (!ShouldProcess(loaded.Path, $"Unload the model {loaded.Name}"))
            {
                continue;
            }

            foreach (LoadedModel cleared in EngineCache.Clear(loaded.Path))
            {
                WriteVerbose(cleared.InUse ? $"{cleared.Name} is in use and leaves when that ends." : $"{cleared.Name} was unloaded.");
                if (PassThru)
                {
                    WriteObject(cleared);
                }
            }
        }
    }
}
