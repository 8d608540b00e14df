using System.Globalization;
using System.Text;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Amd;

/// <summary>AMD's management library (amdsmi.h): what the kernel's files do not tell, that is product name, id and energy counter.</summary>
/// <remarks>Only calls whose interface has stayed the same since ROCm 6. Call it on a <see cref="DriverWorker"/>.</remarks>
internal sealed unsafe class AmdSmiApi
{
    private const ulong InitGpus = 1UL << 1;
    private const int MostDevices = 256;
    private const int TextLength = 256;
    private const int AsicLength = 8192;

    private readonly NativeTable _table;
    private readonly Dictionary<string, nint> _devices = new(StringComparer.Ordinal);

    private AmdSmiApi(NativeTable table) => _table = table;

    /// <summary>Loads the library and lists its devices by bus address.</summary>
    public static Reading<AmdSmiApi> Open(HardwareProbeOptions options)
    {
        if (options.Library("amdsmi", "libamd_smi.so", "/opt/rocm/lib/libamd_smi.so") is not { } table)
        {
            return Reading<AmdSmiApi>.None("AMD's management library (libamd_smi) is not installed");
        }

        var api = new AmdSmiApi(table);
        int status = api.Init();
        return status == 0 ? Reading<AmdSmiApi>.Of(api) : Reading<AmdSmiApi>.None(Reason(status));
    }

    public Reading<string> Uuid(string bus) => Device(bus).Then(device =>
    {
        nint f = _table.Find("amdsmi_get_gpu_device_uuid");
        byte* text = stackalloc byte[TextLength];
        uint length = TextLength;
        return f == 0 ? Missing<string>() : Result(((delegate* unmanaged[Cdecl]<nint, uint*, byte*, int>)f)(device, &length, text), () => Decode(text));
    });

    /// <summary>Product name: the first member of amdsmi_asic_info_t.</summary>
    public Reading<string> ProductName(string bus) => Device(bus).Then(device =>
    {
        nint f = _table.Find("amdsmi_get_gpu_asic_info");
        byte[] info = new byte[AsicLength];
        fixed (byte* first = info)
        {
            byte* text = first;
            return f == 0
                ? Missing<string>()
                : Result(((delegate* unmanaged[Cdecl]<nint, byte*, int>)f)(device, text), () => Decode(text))
                    .Then(n => n.Length > 0 ? Reading<string>.Of(n) : Reading<string>.None("the library tells no name"));
        }
    });

    /// <summary>Energy counter, joules: a count and the microjoules that one stands for.</summary>
    public Reading<double> Energy(string bus) => Device(bus).Then(device =>
    {
        nint f = _table.Find("amdsmi_get_energy_count");
        ulong count = 0;
        float resolution = 0;
        ulong time = 0;
        return f == 0
            ? Missing<double>()
            : Result(((delegate* unmanaged[Cdecl]<nint, ulong*, float*, ulong*, int>)f)(device, &count, &resolution, &time), count * (double)resolution * 1e-6)
                .Then(j => j > 0 && double.IsFinite(j) ? Reading<double>.Of(j) : Reading<double>.None("the library's energy counter stands at 0"));
    });

    private int Init()
    {
        nint init = _table.Find("amdsmi_init");
        nint sockets = _table.Find("amdsmi_get_socket_handles");
        nint processors = _table.Find("amdsmi_get_processor_handles");
        nint bdf = _table.Find("amdsmi_get_gpu_device_bdf");
        if (init == 0 || sockets == 0 || processors == 0 || bdf == 0)
        {
            return 5;
        }

        int status = ((delegate* unmanaged[Cdecl]<ulong, int>)init)(InitGpus);
        uint socketCount = MostDevices;
        nint* socketHandles = stackalloc nint[MostDevices];
        status = status != 0 ? status : ((delegate* unmanaged[Cdecl]<uint*, nint*, int>)sockets)(&socketCount, socketHandles);
        nint* handles = stackalloc nint[MostDevices];
        for (uint s = 0; status == 0 && s < Math.Min(socketCount, MostDevices); s++)
        {
            uint count = MostDevices;
            if (((delegate* unmanaged[Cdecl]<nint, uint*, nint*, int>)processors)(socketHandles[s], &count, handles) != 0)
            {
                continue;
            }

            for (uint d = 0; d < Math.Min(count, MostDevices); d++)
            {
                ulong address = 0;
                if (((delegate* unmanaged[Cdecl]<nint, ulong*, int>)bdf)(handles[d], &address) == 0)
                {
                    _devices[string.Create(CultureInfo.InvariantCulture, $"{address >> 16:x4}:{(address >> 8) & 0xff:x2}:{(address >> 3) & 0x1f:x2}.{address & 7}")] = handles[d];
                }
            }
        }

        return status;
    }

    private Reading<nint> Device(string bus) => _devices.TryGetValue(bus, out nint handle)
        ? Reading<nint>.Of(handle)
        : Reading<nint>.None("AMD's management library does not list the device");

    private static Reading<T> Missing<T>() => Reading<T>.None("this version of AMD's management library lacks the function");

    private static Reading<T> Result<T>(int status, T value) => status == 0 ? Reading<T>.Of(value) : Reading<T>.None(Reason(status));

    private static Reading<T> Result<T>(int status, Func<T> value) => status == 0 ? Reading<T>.Of(value()) : Reading<T>.None(Reason(status));

    private static string Reason(int status) => status switch
    {
        2 or 3 => "this device does not support it",
        5 => "this version of AMD's management library lacks the function",
        8 => "the driver timed out",
        10 => "permission denied by the driver",
        30 => "the device is busy",
        31 => "the device was not found",
        32 => "AMD's management library is not initialised",
        34 => "the amdgpu kernel driver is not loaded",
        _ => $"AMD's management library failed with code {status}",
    };

    private static string Decode(byte* text)
    {
        ReadOnlySpan<byte> bytes = new(text, TextLength);
        int end = bytes.IndexOf((byte)0);
        return new string([.. Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]).Trim().Select(c => char.IsControl(c) ? '?' : c)]);
    }
}
