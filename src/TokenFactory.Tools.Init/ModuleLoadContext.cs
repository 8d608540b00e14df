using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace TokenFactory.Tools.Init;

/// <summary>Loads the module's dependencies from its <c>lib</c> folder, apart from whatever versions the session has.</summary>
/// <param name="directory">The <c>lib</c> folder.</param>
/// <remarks>
/// Native libraries come from the provider folder first (environment variable <c>TOKENFACTORY_PROVIDER_PATH</c>, which
/// an installed execution provider sets for the process), then from <c>lib/runtimes/&lt;rid&gt;/native</c>.
/// </remarks>
internal sealed class ModuleLoadContext(string directory) : AssemblyLoadContext("TokenFactory.Tools")
{
    /// <summary>The environment variable that names a folder of native libraries to prefer.</summary>
    internal const string ProviderPathVariable = "TOKENFACTORY_PROVIDER_PATH";

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        string path = Path.Join(directory, $"{assemblyName.Name}.dll");
        return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
    }

    /// <inheritdoc/>
    protected override IntPtr LoadUnmanagedDll(string unmanagedDllName)
    {
        (string os, string prefix, string extension) =
            OperatingSystem.IsWindows() ? ("win", "", ".dll") :
            OperatingSystem.IsMacOS() ? ("osx", "lib", ".dylib") : ("linux", "lib", ".so");
        string architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        string[] folders =
        [
            Environment.GetEnvironmentVariable(ProviderPathVariable) ?? "",
            Path.Join(directory, "runtimes", $"{os}-{architecture}", "native"),
            Path.Join(directory, "runtimes", os, "native"),
        ];

        foreach (string folder in folders)
        {
            if (!Path.IsPathFullyQualified(folder))
            {
                continue;
            }

            // ONNX Runtime asks for "onnxruntime", "onnxruntime.dll" or "libonnxruntime.so", depending on its version.
            foreach (string file in new[] { unmanagedDllName, unmanagedDllName + extension, prefix + unmanagedDllName + extension })
            {
                string path = Path.Join(folder, file);
                if (File.Exists(path))
                {
                    return LoadUnmanagedDllFromPath(path);
                }
            }
        }

        return IntPtr.Zero;
    }
}
