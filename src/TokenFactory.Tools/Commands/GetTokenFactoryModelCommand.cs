using System.Management.Automation;
using TokenFactory.Core;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Tells what model folders hold: architecture, parameters, bytes, cache per token, context, precision, template, special tokens.</summary>
/// <remarks>
/// Reads ONNX Runtime GenAI's folders and Hugging Face's onnx exports. The graph is inspected and its weights are not loaded, so that a folder
/// of any size is told in a moment. Loaded says where a model is in memory now: provider, bytes of keys and values, since when
/// (Clear-TokenFactoryModel unloads it). Unavailable says why something is not known or not possible. Without an argument: the embedded default model and those in the per-user cache.
/// </remarks>
/// <example>
/// <code>Get-TokenFactoryModel</code>
/// <para>The embedded default, made at first use, and the cached models.</para>
/// </example>
/// <example>
/// <code>Get-TokenFactoryModel demo | Format-List *</code>
/// <para>All that is known of one model.</para>
/// </example>
/// <example>
/// <code>Get-TokenFactoryModel | Sort-Object WeightBytes | Select-Object Name, Parameters, WeightBytes, KvBytesPerToken</code>
/// <para>Raw numbers for further work.</para>
/// </example>
/// <example>
/// <code>(Get-TokenFactoryModel | Where-Object Loaded).Loaded</code>
/// <para>What is in this session's memory.</para>
/// </example>
[Cmdlet(VerbsCommon.Get, "TokenFactoryModel", DefaultParameterSetName = "Path")]
[OutputType(typeof(ModelInfo))]
public sealed class GetTokenFactoryModelCommand : TokenFactoryCommand
{
    /// <summary>Model folders, with wildcards, or names of cached models.</summary>
    [Parameter(Position = 0, ParameterSetName = "Path", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Model")]
    [ArgumentCompleter(typeof(ModelCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    /// <summary>Model folders, taken as typed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    /// <summary>Which graph of several in a folder: its file's name or what follows model_ in it, such as q4 or fp16.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Variant { get; set; }

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        if (LiteralPath is null && Path is null)
        {
            Write(ModelReference.Default);
            foreach (string folder in DefaultModel.CachedFolders())
            {
                Write(new ModelReference(folder));
            }
        }

        foreach (string path in LiteralPath ?? [])
        {
            Write(new ModelReference(SessionPaths.Unresolved(SessionState, path)));
        }

        foreach (string path in Path ?? [])
        {
            if (!WildcardPattern.ContainsWildcardCharacters(path))
            {
                Write(ModelReference.Find(path, SessionPaths.Unresolved(SessionState, path)));
                continue;
            }

            foreach (string folder in SessionPaths.ResolveExisting(SessionState, path, literal: false).Where(Directory.Exists))
            {
                Write(new ModelReference(folder));
            }
        }
    }

    private void Write(ModelReference reference)
    {
        try
        {
            ModelFolder? folder = null;
            Pump((writer, token) => Task.Run(() => folder = reference.Open(Variant,
                new ImmediateProgress(fraction => writer.Progress("Making the embedded default model", "15M random parameters, once for this user", fraction)), token), token));
            WriteObject(folder!.Info with { Loaded = [.. EngineCache.Loaded.Where(m => string.Equals(m.Path, folder.Path, StringComparison.Ordinal))] });
        }
        catch (TokenFactoryException e)
        {
            WriteFailure(e, reference.Path);
        }
    }
}
