using System.Management.Automation;
using TokenFactory.Inference.Models;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Takes a model as an object of <c>Get-TokenFactoryModel</c>, as a name, or as a path.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class ModelTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        ArgumentNullException.ThrowIfNull(engineIntrinsics);
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        switch (value)
        {
            case ModelReference reference:
                return reference;
            case ModelFolder folder:
                return new ModelReference(folder.Path);
            case ModelInfo info:
                return info.Path == DefaultModel.Path ? ModelReference.Default : new ModelReference(info.Path);
            case FileSystemInfo file:
                return new ModelReference(file.FullName);
            case string { Length: > 0 } text:
                try
                {
                    return ModelReference.Find(text, SessionPaths.Unresolved(engineIntrinsics.SessionState, text));
                }
                catch (Core.TokenFactoryException e)
                {
                    return new UnreadModel(e);
                }

            default:
                return new UnreadModel(new Core.TokenFactoryException("ModelArgumentInvalid", Core.FailureKind.InvalidInput,
                    "Give a model as an object of Get-TokenFactoryModel, as a name, or as a folder's path.", inputData));
        }
    }
}
