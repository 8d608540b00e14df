using System.Management.Automation;
using TokenFactory.Inference.Engine;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Unloads the models when the module is removed.</summary>
public sealed class ModuleCleanup : IModuleAssemblyCleanup
{
    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        // Where no model was loaded the engine's assembly is not either, and by now nothing may answer for it.
        if (AppDomain.CurrentDomain.GetAssemblies().Any(a => a.GetName().Name == "TokenFactory.Inference"))
        {
            Unload();
        }
    }

    // Apart, so that naming the engine's type does not load its assembly.
    private static void Unload() => EngineCache.Clear();
}
