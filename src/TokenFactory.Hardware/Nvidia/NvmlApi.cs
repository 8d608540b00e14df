using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Nvidia;

/// <summary>Typed calls over NVML's function table. Each answers with a value or the reason; codes are nvml.h's.</summary>
/// <remarks>Not thread-bound, but every call may block inside the driver: call it on a <see cref="DriverWorker"/>.</remarks>
internal sealed unsafe class NvmlApi(NativeTable table)
{
    private const int TextLength = 128;

    private readonly ConcurrentDictionary<string, nint> _functions = new(StringComparer.Ordinal);

    /// <summary>The last code that made a device unusable, by handle.</summary>
    public ConcurrentDictionary<nint, int> Fatal { get; } = new();

    public static NativeTable? Load(HardwareProbeOptions options) => options.Library("nvml",
        OperatingSystem.IsWindows()
            ? [Path.Combine(Environment.SystemDirectory, "nvml.dll"), Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "NVIDIA Corporation", "NVSMI", "nvml.dll")]
            : ["libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1"]);

    public int Init() => Find("nvmlInit_v2") is var f and not 0 ? ((delegate* unmanaged[Cdecl]<int>)f)() : NvmlStatus.FunctionNotFound;

    public void Shutdown()
    {
        if (Find("nvmlShutdown") is var f and not 0)
        {
            _ = ((delegate* unmanaged[Cdecl]<int>)f)();
        }
    }

    public Reading<string> SystemText(string function)
    {
        byte* text = stackalloc byte[TextLength];
        return Find(function) is var f and not 0
            ? Result(0, ((delegate* unmanaged[Cdecl]<byte*, uint, int>)f)(text, TextLength), Decode(text))
            : Missing<string>();
    }

    public Reading<int> SystemInt(string function)
    {
        int value = 0;
        return Find(function) is var f and not 0
            ? Result(0, ((delegate* unmanaged[Cdecl]<int*, int>)f)(&value), value)
            : Missing<int>();
    }

    public Reading<nint> Handle(uint index)
    {
        nint handle = 0;
        return Find("nvmlDeviceGetHandleByIndex_v2") is var f and not 0
            ? Result(-1 - (nint)index, ((delegate* unmanaged[Cdecl]<uint, nint*, int>)f)(index, &handle), handle)
            : Missing<nint>();
    }

    public Reading<nint> MigHandle(nint device, uint index)
    {
        nint handle = 0;
        return Find("nvmlDeviceGetMigDeviceHandleByIndex") is var f and not 0
            ? Result(0, ((delegate* unmanaged[Cdecl]<nint, uint, nint*, int>)f)(device, index, &handle), handle)
            : Missing<nint>();
    }

    public Reading<string> Text(nint device, string function)
    {
        byte* text = stackalloc byte[TextLength];
        return Find(function) is var f and not 0
            ? Result(device, ((delegate* unmanaged[Cdecl]<nint, byte*, uint, int>)f)(device, text, TextLength), Decode(text))
            : Missing<string>();
    }

    public Reading<uint> UInt(nint device, string function)
    {
        uint value = 0;
        return Find(function) is var f and not 0
            ? Result(device, ((delegate* unmanaged[Cdecl]<nint, uint*, int>)f)(device, &value), value)
            : Missing<uint>();
    }

    public Reading<uint> UInt(nint device, string function, uint argument)
    {
        uint value = 0;
        return Find(function) is var f and not 0
            ? Result(device, ((delegate* unmanaged[Cdecl]<nint, uint, uint*, int>)f)(device, argument, &value), value)
            : Missing<uint>();
    }

    public Reading<(uint First, uint Second)> Pair(nint device, string function)
    {
        uint first = 0;
        uint second = 0;
        return Find(function) is var f and not 0
            ? Result(device, ((delegate* unmanaged[Cdecl]<nint, uint*, uint*, int>)f)(device, &first, &second), (first, second))
            : Missing<(uint, uint)>();
    }

    /// <summary>nvmlUtilization_t: percent of time that kernels ran, and that memory was accessed.</summary>
    public Reading<(uint First, uint Second)> Utilization(nint device)
    {
        uint* percent = stackalloc uint[2];
        return Find("nvmlDeviceGetUtilizationRates") is var f and not 0
            ? Result(device, ((delegate* unmanaged[Cdecl]<nint, uint*, int>)f)(device, percent), 0).Select(_ => (percent[0], percent[1]))
            : Missing<(uint, uint)>();
    }

    public Reading<ulong> ULong(nint device, string function)
    {
        ulong value = 0;
        return Find(function) is var f and not 0
            ? Result(device, ((delegate* unmanaged[Cdecl]<nint, ulong*, int>)f)(device, &value), value)
            : Missing<ulong>();
    }

    public Reading<ulong> EccErrors(nint device, bool corrected)
    {
        ulong value = 0;
        return Find("nvmlDeviceGetTotalEccErrors") is var f and not 0
            ? Result(device, ((delegate* unmanaged[Cdecl]<nint, int, int, ulong*, int>)f)(device, corrected ? 0 : 1, 0, &value), value)
            : Missing<ulong>();
    }

    public Reading<NvmlMemory> Memory(nint device)
    {
        var memory = default(NvmlMemory);
        return Find("nvmlDeviceGetMemoryInfo") is var f and not 0
            ? Result(device, ((delegate* unmanaged[Cdecl]<nint, NvmlMemory*, int>)f)(device, &memory), memory)
            : Missing<NvmlMemory>();
    }

    public Reading<NvmlRemappedRows> RemappedRows(nint device)
    {
        var rows = default(NvmlRemappedRows);
        return Find("nvmlDeviceGetRemappedRows") is var f and not 0
            ? Result(device, ((delegate* unmanaged[Cdecl]<nint, uint*, uint*, uint*, uint*, int>)f)(
                device, &rows.Correctable, &rows.Uncorrectable, &rows.Pending, &rows.Failed), rows)
            : Missing<NvmlRemappedRows>();
    }

    public Reading<string> BusId(nint device)
    {
        // nvmlPciInfo_t: busIdLegacy[16], five numbers, busId[32].
        const int Length = 68;
        const int BusIdOffset = 36;
        byte* info = stackalloc byte[Length];
        return Find("nvmlDeviceGetPciInfo_v3") is var f and not 0
            ? Result(device, ((delegate* unmanaged[Cdecl]<nint, byte*, int>)f)(device, info), Decode(info + BusIdOffset, Length - BusIdOffset))
            : Missing<string>();
    }

    public Reading<IReadOnlyList<AcceleratorProcess>> Processes(nint device, string function)
    {
        nint f = Find(function);
        if (f == 0)
        {
            return Missing<IReadOnlyList<AcceleratorProcess>>();
        }

        uint capacity = 64;
        for (int attempt = 0; attempt < 4; attempt++)
        {
            var entries = new NvmlProcess[capacity];
            uint count = capacity;
            int status;
            fixed (NvmlProcess* first = entries)
            {
                status = ((delegate* unmanaged[Cdecl]<nint, uint*, NvmlProcess*, int>)f)(device, &count, first);
            }

            if (status == NvmlStatus.InsufficientSize && count is > 0 and < 1 << 20)
            {
                capacity = count + 16;
                continue;
            }

            IReadOnlyList<AcceleratorProcess> processes =
            [
                .. entries.Take((int)Math.Min(status == NvmlStatus.Success ? count : 0, capacity))
                    .Select(p => new AcceleratorProcess((int)p.ProcessId, p.UsedMemory == ulong.MaxValue ? null : (long)p.UsedMemory))
            ];
            return Result(device, status, processes);
        }

        return Reading<IReadOnlyList<AcceleratorProcess>>.None(NvmlStatus.Reason(NvmlStatus.InsufficientSize));
    }

    /// <summary>A set that driver errors of devices are put into from now on.</summary>
    public Reading<nint> CreateEventSet()
    {
        nint set = 0;
        return Find("nvmlEventSetCreate") is var f and not 0
            ? Result(0, ((delegate* unmanaged[Cdecl]<nint*, int>)f)(&set), set)
            : Missing<nint>();
    }

    public Reading<int> RegisterXid(nint device, nint set)
    {
        const ulong XidCriticalError = 0x8;
        return Find("nvmlDeviceRegisterEvents") is var f and not 0
            ? Result(device, ((delegate* unmanaged[Cdecl]<nint, ulong, nint, int>)f)(device, XidCriticalError, set), 0)
            : Missing<int>();
    }

    /// <summary>The next event that has happened already; never waits.</summary>
    public Reading<NvmlEvent> NextEvent(nint set)
    {
        var data = default(NvmlEvent);
        return Find("nvmlEventSetWait_v2") is var f and not 0
            ? Result(0, ((delegate* unmanaged[Cdecl]<nint, NvmlEvent*, uint, int>)f)(set, &data, 0), data)
            : Missing<NvmlEvent>();
    }

    public void FreeEventSet(nint set)
    {
        if (Find("nvmlEventSetFree") is var f and not 0)
        {
            _ = ((delegate* unmanaged[Cdecl]<nint, int>)f)(set);
        }
    }

    /// <summary>A number that only the field interface tells.</summary>
    public Reading<ulong> Field(nint device, uint field, uint scope)
    {
        var value = new NvmlFieldValue { FieldId = field, ScopeId = scope };
        nint f = Find("nvmlDeviceGetFieldValues");
        if (f == 0)
        {
            return Missing<ulong>();
        }

        int status = ((delegate* unmanaged[Cdecl]<nint, int, NvmlFieldValue*, int>)f)(device, 1, &value);
        return Result(device, status == NvmlStatus.Success ? value.Status : status, value.ValueType == 1 ? (uint)value.Value : value.Value);
    }

    private Reading<T> Result<T>(nint device, int status, T value)
    {
        if (status is NvmlStatus.GpuIsLost or NvmlStatus.GpuNotFound or NvmlStatus.ResetRequired)
        {
            Fatal[device] = status;
        }

        return status == NvmlStatus.Success ? Reading<T>.Of(value) : Reading<T>.None(NvmlStatus.Reason(status));
    }

    private nint Find(string function) => _functions.GetOrAdd(function, table.Find);

    private static Reading<T> Missing<T>() => Reading<T>.None(NvmlStatus.Reason(NvmlStatus.FunctionNotFound));

    private static string Decode(byte* text, int length = TextLength)
    {
        ReadOnlySpan<byte> bytes = new(text, length);
        int end = bytes.IndexOf((byte)0);
        string decoded = Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]).Trim();
        return new string([.. decoded.Select(c => char.IsControl(c) ? '?' : c)]);
    }
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlMemory
{
    public ulong Total;
    public ulong Free;
    public ulong Used;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlRemappedRows
{
    public uint Correctable;
    public uint Uncorrectable;
    public uint Pending;
    public uint Failed;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlProcess
{
    public uint ProcessId;
    public ulong UsedMemory;
    public uint GpuInstance;
    public uint ComputeInstance;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlFieldValue
{
    public uint FieldId;
    public uint ScopeId;
    public long Timestamp;
    public long LatencyMicroseconds;
    public int ValueType;
    public int Status;
    public ulong Value;
}

[StructLayout(LayoutKind.Sequential)]
internal struct NvmlEvent
{
    public nint Device;
    public ulong Type;
    public ulong Data;
    public uint GpuInstance;
    public uint ComputeInstance;
}
