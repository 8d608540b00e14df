using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TokenFactory.Core;

namespace TokenFactory.Tools.Init;

/// <summary>Loads the module's dependencies from its <c>lib</c> folder, apart from whatever versions the session has.</summary>
/// <param name="directory">The <c>lib</c> folder.</param>
/// <remarks>
/// Native libraries come from the active provider's folder first (<see cref="UserFolders.ActiveProvider"/>), so that a user can
/// run on a GPU build of ONNX Runtime, then from <c>lib/runtimes/&lt;rid&gt;/native</c>.
/// </remarks>
internal sealed class ModuleLoadContext(string directory) : AssemblyLoadContext("TokenFactory.Tools")
{
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
            UserFolders.ActiveProvider ?? "",
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
