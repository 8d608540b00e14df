using System.Runtime.InteropServices;

namespace TokenFactory.Inference.Engine;

/// <summary>Address space whose pages take memory only once they are written, and can be given back.</summary>
/// <remarks>
/// Slots are as long as the context, but a sequence pays for the tokens it has: on Linux and macOS the pages of an anonymous
/// mapping come with the first write; on Windows <see cref="Commit"/> asks for them.
/// </remarks>
internal sealed unsafe partial class SlotMemory : IDisposable
{
    private const int ProtectReadWrite = 3;
    private const int WindowsReserve = 0x2000;
    private const int WindowsCommit = 0x1000;
    private const int WindowsDecommit = 0x4000;
    private const int WindowsRelease = 0x8000;
    private const int WindowsReadWrite = 4;
    private const int AdviceDontNeed = 4;
    private const int MacAdviceFree = 5;

    private readonly nuint _bytes;
    private IntPtr _address;

    public SlotMemory(long bytes)
    {
        _bytes = (nuint)bytes;
        if (OperatingSystem.IsWindows())
        {
            _address = VirtualAlloc(IntPtr.Zero, _bytes, WindowsReserve, WindowsReadWrite);
        }
        else
        {
            // Private and anonymous; without reserve on Linux, because the engine keeps its own account of what may be written.
            int flags = OperatingSystem.IsMacOS() ? 0x1002 : 0x4022;
            _address = Map(IntPtr.Zero, _bytes, ProtectReadWrite, flags, -1, 0);
            _address = _address == -1 ? IntPtr.Zero : _address;
        }

        if (_address == IntPtr.Zero)
        {
            throw new Core.TokenFactoryException("OutOfMemory", Core.FailureKind.ResourceUnavailable,
                $"The system refuses {bytes >> 20} MiB of address space for keys and values. Ask for a shorter context or fewer sequences at once.");
        }
    }

    public byte* Pointer => (byte*)_address;

    /// <summary>Makes a range writable.</summary>
    public void Commit(long offset, long bytes)
    {
        if (OperatingSystem.IsWindows() && bytes > 0
            && VirtualAlloc(_address + (nint)offset, (nuint)bytes, WindowsCommit, WindowsReadWrite) == IntPtr.Zero)
        {
            throw new Core.TokenFactoryException("OutOfMemory", Core.FailureKind.ResourceUnavailable,
                "The system has no memory left for keys and values. Ask for fewer sequences at once or shorter ones.");
        }
    }

    /// <summary>Gives the whole pages of a range back; their content is lost.</summary>
    public void Discard(long offset, long bytes)
    {
        long page = Environment.SystemPageSize;
        long first = (offset + page - 1) / page * page;
        long end = (offset + bytes) / page * page;
        if (end <= first)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            _ = VirtualFree(_address + (nint)first, (nuint)(end - first), WindowsDecommit);
        }
        else
        {
            _ = Advise(_address + (nint)first, (nuint)(end - first), OperatingSystem.IsMacOS() ? MacAdviceFree : AdviceDontNeed);
        }
    }

    public void Dispose()
    {
        IntPtr address = Interlocked.Exchange(ref _address, IntPtr.Zero);
        if (address == IntPtr.Zero)
        {
            return;
        }

        _ = OperatingSystem.IsWindows() ? VirtualFree(address, 0, WindowsRelease) : Unmap(address, _bytes);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial IntPtr Map(IntPtr address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(IntPtr address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(IntPtr address, nuint length, int advice);

    [LibraryImport("kernel32", EntryPoint = "VirtualAlloc")]
    private static partial IntPtr VirtualAlloc(IntPtr address, nuint size, int type, int protection);

    [LibraryImport("kernel32", EntryPoint = "VirtualFree")]
    private static partial int VirtualFree(IntPtr address, nuint size, int type);
}
