using System.Management.Automation;
using TokenFactory.Core;
using TokenFactory.Core.Definitions;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Takes a factory definition as such, or as the path of its file; the extension .yaml may be left out.</summary>
/// <remarks>A file that can't be read becomes an <see cref="IUnread"/>, whose failure the command writes. What is neither passes unchanged, so that the binder can try it on another parameter.</remarks>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FactoryTransformationAttribute : ArgumentTransformationAttribute
{
    private static readonly string[] s_extensions = ["", ".yaml", ".yml"];

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        ArgumentNullException.ThrowIfNull(engineIntrinsics);
        object value = inputData is PSObject wrapped && wrapped.BaseObject is not PSCustomObject ? wrapped.BaseObject : inputData;
        try
        {
            return value switch
            {
                string path => Read(engineIntrinsics.SessionState, path),
                FileInfo file => FactoryReader.ReadFile(file.FullName),
                object[] { Length: > 0 } items when Array.TrueForAll(items, i => Unwrap(i) is string or FileInfo or FactoryDefinition) =>
                    items.Select(i => (FactoryDefinition)Transform(engineIntrinsics, i)).ToArray(),
                _ => value,
            };
        }
        catch (Exception e) when (e is TokenFactoryException or IOException or UnauthorizedAccessException)
        {
            return new UnreadFactory(e);
        }
    }

    private static object Unwrap(object item) => item is PSObject wrapped ? wrapped.BaseObject : item;

    private static FactoryDefinition Read(SessionState session, string path)
    {
        string full = SessionPaths.Unresolved(session, path);
        string? found = s_extensions.Select(e => full + e).FirstOrDefault(File.Exists);
        return FactoryReader.ReadFile(found ?? full);
    }
}
