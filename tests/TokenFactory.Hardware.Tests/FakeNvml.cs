using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Tests;

/// <summary>How one fake GPU behaves.</summary>
internal sealed class FakeGpu
{
    public string Name { get; init; } = "NVIDIA H100 80GB HBM3";

    public int HandleStatus { get; set; }

    /// <summary>What every call answers; 0 is success.</summary>
    public int Status { get; set; }

    /// <summary>Answers of single functions.</summary>
    public Dictionary<string, int> StatusOf { get; init; } = [];

    /// <summary>Function that does not come back.</summary>
    public string? Hangs { get; set; }

    public ulong EnergyMillijoules { get; set; } = 5_000_000;

    public uint PowerMilliwatts { get; set; } = 350_000;

    public ulong Throttle { get; set; }

    public uint Temperature { get; set; } = 61;

    public uint Width { get; set; } = 16;

    public uint Generation { get; set; } = 5;

    public uint Busy { get; set; } = 87;

    public uint RemapFailed { get; set; }

    public uint Processes { get; set; } = 2;

    public uint Links { get; set; } = 18;

    public uint LinksDown { get; set; }

    /// <summary>Calls that reached the device.</summary>
    public int Calls { get; set; }

    public Queue<ulong> Xids { get; } = new();

    public ulong MemoryTotal { get; set; } = 80UL << 30;
}

/// <summary>NVML as a function table: the calls have the C interface of nvml.h.</summary>
internal static unsafe class FakeNvml
{
    private static readonly Dictionary<string, nint> s_functions = new(StringComparer.Ordinal)
    {
        ["nvmlInit_v2"] = (nint)(delegate* unmanaged[Cdecl]<int>)&Init,
        ["nvmlShutdown"] = (nint)(delegate* unmanaged[Cdecl]<int>)&Shutdown,
        ["nvmlSystemGetDriverVersion"] = (nint)(delegate* unmanaged[Cdecl]<byte*, uint, int>)&DriverVersion,
        ["nvmlSystemGetCudaDriverVersion_v2"] = (nint)(delegate* unmanaged[Cdecl]<int*, int>)&CudaVersion,
        ["nvmlDeviceGetCount_v2"] = (nint)(delegate* unmanaged[Cdecl]<int*, int>)&Count,
        ["nvmlDeviceGetHandleByIndex_v2"] = (nint)(delegate* unmanaged[Cdecl]<uint, nint*, int>)&Handle,
        ["nvmlDeviceGetName"] = (nint)(delegate* unmanaged[Cdecl]<nint, byte*, uint, int>)&Name,
        ["nvmlDeviceGetUUID"] = (nint)(delegate* unmanaged[Cdecl]<nint, byte*, uint, int>)&Uuid,
        ["nvmlDeviceGetPciInfo_v3"] = (nint)(delegate* unmanaged[Cdecl]<nint, byte*, int>)&Pci,
        ["nvmlDeviceGetMemoryInfo"] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong*, int>)&Memory,
        ["nvmlDeviceGetUtilizationRates"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint*, int>)&Utilization,
        ["nvmlDeviceGetClockInfo"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint, uint*, int>)&Clock,
        ["nvmlDeviceGetMaxClockInfo"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint, uint*, int>)&MaxClock,
        ["nvmlDeviceGetTemperature"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint, uint*, int>)&Temperature,
        ["nvmlDeviceGetPowerUsage"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint*, int>)&Power,
        ["nvmlDeviceGetEnforcedPowerLimit"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint*, int>)&Limit,
        ["nvmlDeviceGetTotalEnergyConsumption"] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong*, int>)&Energy,
        ["nvmlDeviceGetCurrentClocksThrottleReasons"] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong*, int>)&Throttle,
        ["nvmlDeviceGetEccMode"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint*, uint*, int>)&Ecc,
        ["nvmlDeviceGetTotalEccErrors"] = (nint)(delegate* unmanaged[Cdecl]<nint, int, int, ulong*, int>)&EccErrors,
        ["nvmlDeviceGetRemappedRows"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint*, uint*, uint*, uint*, int>)&Rows,
        ["nvmlDeviceGetCurrPcieLinkWidth"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint*, int>)&Width,
        ["nvmlDeviceGetMaxPcieLinkWidth"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint*, int>)&MaxWidth,
        ["nvmlDeviceGetCurrPcieLinkGeneration"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint*, int>)&Generation,
        ["nvmlDeviceGetMaxPcieLinkGeneration"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint*, int>)&MaxGeneration,
        ["nvmlDeviceGetNvLinkState"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint, uint*, int>)&Link,
        ["nvmlDeviceGetMigMode"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint*, uint*, int>)&Mig,
        ["nvmlDeviceGetComputeRunningProcesses_v3"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint*, ulong*, int>)&Processes,
        ["nvmlEventSetCreate"] = (nint)(delegate* unmanaged[Cdecl]<nint*, int>)&CreateSet,
        ["nvmlDeviceRegisterEvents"] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, nint, int>)&Register,
        ["nvmlEventSetWait_v2"] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong*, uint, int>)&WaitSet,
    };

    public static List<FakeGpu> Gpus { get; } = [];

    public static int InitStatus { get; set; }

    public static ManualResetEventSlim Release { get; private set; } = new();

    public static int Shutdowns { get; private set; }

    public static NativeTable Table { get; } = new(name => s_functions.GetValueOrDefault(name));

    public static HardwareProbeOptions Options(string root) => new()
    {
        Root = root,
        Timeout = TimeSpan.FromSeconds(30),
        Libraries = name => name == "nvml" ? Table : null,
    };

    public static void Reset(params FakeGpu[] gpus)
    {
        Release.Set();
        Release = new ManualResetEventSlim();
        Gpus.Clear();
        Gpus.AddRange(gpus);
        InitStatus = 0;
        Shutdowns = 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CreateSet(nint* set)
    {
        *set = 77;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Register(nint d, ulong types, nint set) => types == 8 && set == 77 ? Gpus[(int)d - 1].Status : 2;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int WaitSet(nint set, ulong* data, uint milliseconds)
    {
        for (int i = 0; i < Gpus.Count; i++)
        {
            if (Gpus[i].Xids.TryDequeue(out ulong xid))
            {
                (data[0], data[1], data[2]) = ((ulong)i + 1, 8, xid);
                return 0;
            }
        }

        return 10;
    }

    private static int Answer(nint device, Action<FakeGpu> fill, [CallerMemberName] string function = "")
    {
        FakeGpu gpu = Gpus[(int)device - 1];
        gpu.Calls++;
        if (gpu.Hangs == function)
        {
            gpu.Calls = 0;
            Release.Wait();
        }

        int status = gpu.Status != 0 ? gpu.Status : gpu.StatusOf.GetValueOrDefault(function);
        if (status == 0)
        {
            fill(gpu);
        }

        return status;
    }

    private static void Write(byte* to, string text) => System.Text.Encoding.UTF8.GetBytes(text + "\0").CopyTo(new Span<byte>(to, 128));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Init() => InitStatus;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Shutdown()
    {
        Shutdowns++;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DriverVersion(byte* text, uint length)
    {
        Write(text, "580.95.05");
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CudaVersion(int* version)
    {
        *version = 13000;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Count(int* count)
    {
        *count = Gpus.Count;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Handle(uint index, nint* handle)
    {
        *handle = (nint)index + 1;
        return Gpus[(int)index].HandleStatus;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Name(nint d, byte* text, uint length) => Answer(d, g => Write(text, g.Name), "Name");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Uuid(nint d, byte* text, uint length) => Answer(d, _ => Write(text, $"GPU-0000-{d}"), "Uuid");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Pci(nint d, byte* info) => Answer(d, _ =>
    {
        new Span<byte>(info, 68).Clear();
        System.Text.Encoding.UTF8.GetBytes($"00000000:{0x64 + d:X2}:00.0").CopyTo(new Span<byte>(info + 36, 32));
    }, "Pci");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Memory(nint d, ulong* v) => Answer(d, g => (v[0], v[1], v[2]) = (g.MemoryTotal, 60UL << 30, 20UL << 30), "Memory");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Utilization(nint d, uint* v) => Answer(d, g => (v[0], v[1]) = (g.Busy, 40), "Utilization");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Clock(nint d, uint type, uint* v) => Answer(d, _ => *v = type == 2 ? 2619u : 1755, "Clock");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int MaxClock(nint d, uint type, uint* v) => Answer(d, _ => *v = type == 2 ? 2619u : 1980, "MaxClock");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Temperature(nint d, uint sensor, uint* v) => Answer(d, g => *v = g.Temperature, "Temperature");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Power(nint d, uint* v) => Answer(d, g => *v = g.PowerMilliwatts, "Power");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Limit(nint d, uint* v) => Answer(d, _ => *v = 700_000, "Limit");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Energy(nint d, ulong* v) => Answer(d, g => *v = g.EnergyMillijoules, "Energy");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Throttle(nint d, ulong* v) => Answer(d, g => *v = g.Throttle, "Throttle");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Ecc(nint d, uint* now, uint* pending) => Answer(d, _ => *now = *pending = 1, "Ecc");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int EccErrors(nint d, int type, int counter, ulong* v) => Answer(d, _ => *v = type == 0 ? 3u : 0, "EccErrors");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Rows(nint d, uint* correctable, uint* uncorrectable, uint* pending, uint* failed) =>
        Answer(d, g => (*correctable, *uncorrectable, *pending, *failed) = (1, 2, 0, g.RemapFailed), "Rows");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Width(nint d, uint* v) => Answer(d, g => *v = g.Width, "Width");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int MaxWidth(nint d, uint* v) => Answer(d, _ => *v = 16, "MaxWidth");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Generation(nint d, uint* v) => Answer(d, g => *v = g.Generation, "Generation");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int MaxGeneration(nint d, uint* v) => Answer(d, _ => *v = 5, "MaxGeneration");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Link(nint d, uint link, uint* v)
    {
        FakeGpu gpu = Gpus[(int)d - 1];
        *v = link >= gpu.LinksDown ? 1u : 0;
        return link < gpu.Links ? 0 : gpu.Links == 0 ? 3 : 2;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Mig(nint d, uint* now, uint* pending) => Answer(d, _ => *now = *pending = 0, "Mig");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Processes(nint d, uint* count, ulong* entries)
    {
        FakeGpu gpu = Gpus[(int)d - 1];
        uint room = *count;
        *count = gpu.Processes;
        if (room < gpu.Processes)
        {
            return 7;
        }

        for (uint i = 0; i < gpu.Processes; i++)
        {
            entries[i * 3] = 1000 + i;
            entries[(i * 3) + 1] = i == 0 ? 1UL << 30 : ulong.MaxValue;
            entries[(i * 3) + 2] = ulong.MaxValue;
        }

        return 0;
    }
}
