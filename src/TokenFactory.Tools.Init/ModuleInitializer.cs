using System.Management.Automation;
using System.Reflection;
using System.Runtime.Loader;

namespace TokenFactory.Tools.Init;

/// <summary>Routes the module's own assemblies below the cmdlets, and everything beneath them, into a private load context.</summary>
/// <remarks>
/// This assembly is a nested module, so it is imported before the cmdlet assembly's types are loaded. It does nothing at import
/// but subscribe: no dependency and no native library is touched until a cmdlet needs one.
/// </remarks>
public sealed class ModuleInitializer : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private static readonly string s_library = Path.Join(Path.GetDirectoryName(typeof(ModuleInitializer).Assembly.Location), "lib");
    private static readonly ModuleLoadContext s_context = new(s_library);

    /// <summary>Starts answering for the module's assemblies.</summary>
    public void OnImport() => AssemblyLoadContext.Default.Resolving += ResolveOurs;

    /// <summary>Stops answering. Assemblies that are loaded stay loaded, so a later import finds the same types.</summary>
    /// <param name="psModuleInfo">The module that leaves.</param>
    public void OnRemove(PSModuleInfo psModuleInfo) => AssemblyLoadContext.Default.Resolving -= ResolveOurs;

    // Only names that are ours alone cross the boundary; YamlDotNet, ONNX Runtime and friends never do.
    private static Assembly? ResolveOurs(AssemblyLoadContext context, AssemblyName name) =>
        name.Name is { } simpleName
        && simpleName.StartsWith("TokenFactory.", StringComparison.Ordinal)
        && File.Exists(Path.Join(s_library, simpleName + ".dll"))
            ? s_context.LoadFromAssemblyName(name)
            : null;
}
