using System.Runtime.InteropServices;

namespace TokenFactory.Hardware.Probing;

/// <summary>Functions of a vendor's library, found by name when they are first wanted. A missing one is null, not an error.</summary>
/// <remarks>A library is never unloaded: a driver call that hangs may still be inside it.</remarks>
internal sealed class NativeTable(Func<string, nint> resolve)
{
    public nint Find(string function) => resolve(function);

    /// <summary>The first of these libraries that loads; null when none does.</summary>
    public static NativeTable? TryLoad(params ReadOnlySpan<string> files)
    {
        foreach (string file in files)
        {
            if (NativeLibrary.TryLoad(file, out nint handle))
            {
                return new NativeTable(name => NativeLibrary.TryGetExport(handle, name, out nint address) ? address : 0);
            }
        }

        return null;
    }
}
