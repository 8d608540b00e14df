using System.Runtime.InteropServices;
using System.Text;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Apple;

/// <summary>Named values of macOS (sysctlbyname), or a recording of them.</summary>
internal sealed partial class Sysctl(Func<string, byte[]?> read)
{
    public static Sysctl Live { get; } = new(Query);

    public Reading<long> Number(string name) => read(name) switch
    {
        { Length: 8 } bytes => Reading<long>.Of(BitConverter.ToInt64(bytes)),
        { Length: 4 } bytes => Reading<long>.Of(BitConverter.ToInt32(bytes)),
        null => Reading<long>.None($"sysctl has no {name}"),
        _ => Reading<long>.None($"sysctl {name} is no number"),
    };

    public Reading<string> Text(string name) => read(name) is { } bytes
        ? Reading<string>.Of(Encoding.UTF8.GetString(bytes).TrimEnd('\0', '\n', ' '))
        : Reading<string>.None($"sysctl has no {name}");

    private static byte[]? Query(string name)
    {
        if (!OperatingSystem.IsMacOS())
        {
            return null;
        }

        nuint length = 0;
        if (ByName(name, null, ref length, 0, 0) != 0 || length is 0 or > 1 << 16)
        {
            return null;
        }

        byte[] buffer = new byte[length];
        return ByName(name, buffer, ref length, 0, 0) == 0 ? buffer[..(int)Math.Min(length, (nuint)buffer.Length)] : null;
    }

    // Without a buffer the call tells the length.
    [LibraryImport("libSystem.dylib", EntryPoint = "sysctlbyname", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ByName(string name, [Out] byte[]? buffer, ref nuint length, nint newValue, nuint newLength);
}
