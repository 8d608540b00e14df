using System.Globalization;
using System.Runtime.InteropServices;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Intel;

/// <summary>Intel's management interface, Level Zero Sysman (zes_api.h): energy, temperature and memory by bus address.</summary>
/// <remarks>Call it on a <see cref="DriverWorker"/>.</remarks>
internal sealed unsafe class LevelZeroApi
{
    private const int Most = 64;
    private const int PciPropertiesType = 0x2;
    private const int MemoryStateType = 0x1e;

    private readonly NativeTable _table;
    private readonly Dictionary<string, nint> _devices = new(StringComparer.Ordinal);

    private LevelZeroApi(NativeTable table) => _table = table;

    public static Reading<LevelZeroApi> Open(HardwareProbeOptions options)
    {
        if (options.Library("levelzero", OperatingSystem.IsWindows() ? "ze_loader.dll" : "libze_loader.so.1") is not { } table)
        {
            return Reading<LevelZeroApi>.None("Intel's Level Zero loader is not installed");
        }

        var api = new LevelZeroApi(table);
        int status = api.Init();
        return status == 0 ? Reading<LevelZeroApi>.Of(api) : Reading<LevelZeroApi>.None(Reason(status));
    }

    /// <summary>Energy of the card's first power domain, joules.</summary>
    public Reading<double> Energy(string bus) => Children(bus, "zesDeviceEnumPowerDomains").Then(domains =>
    {
        ulong* counter = stackalloc ulong[2];
        nint f = _table.Find("zesPowerGetEnergyCounter");
        int status = f == 0 ? NotFound : ((delegate* unmanaged[Cdecl]<nint, ulong*, int>)f)(domains[0], counter);
        return status == 0 ? Reading<double>.Of(counter[0] * 1e-6) : Reading<double>.None(Reason(status));
    });

    /// <summary>The hottest sensor, degrees Celsius.</summary>
    public Reading<double> Temperature(string bus) => Children(bus, "zesDeviceEnumTemperatureSensors").Then(sensors =>
    {
        nint f = _table.Find("zesTemperatureGetState");
        double hottest = double.NegativeInfinity;
        int status = NotFound;
        foreach (nint sensor in f == 0 ? [] : sensors)
        {
            double celsius = 0;
            int one = ((delegate* unmanaged[Cdecl]<nint, double*, int>)f)(sensor, &celsius);
            status = one;
            hottest = one == 0 && celsius is > -100 and < 200 ? Math.Max(hottest, celsius) : hottest;
        }

        return double.IsFinite(hottest) ? Reading<double>.Of(hottest) : Reading<double>.None(Reason(status));
    });

    /// <summary>Size and free bytes of all memory modules.</summary>
    public Reading<(long Total, long Used)> Memory(string bus) => Children(bus, "zesDeviceEnumMemoryModules").Then(modules =>
    {
        nint f = _table.Find("zesMemoryGetState");
        (long total, long free, int status) = (0, 0, NotFound);
        foreach (nint module in f == 0 ? [] : modules)
        {
            var state = new MemoryState { Type = MemoryStateType };
            status = ((delegate* unmanaged[Cdecl]<nint, MemoryState*, int>)f)(module, &state);
            if (status == 0)
            {
                total += (long)state.Size;
                free += (long)state.Free;
            }
        }

        return total > 0 ? Reading<(long, long)>.Of((total, total - free)) : Reading<(long, long)>.None(Reason(status));
    });

    private const int NotFound = 0x78000010;

    private int Init()
    {
        nint init = _table.Find("zesInit");
        nint drivers = _table.Find("zesDriverGet");
        nint devices = _table.Find("zesDeviceGet");
        nint pci = _table.Find("zesDevicePciGetProperties");
        if (init == 0 || drivers == 0 || devices == 0 || pci == 0)
        {
            return NotFound;
        }

        int status = ((delegate* unmanaged[Cdecl]<uint, int>)init)(0);
        uint driverCount = Most;
        nint* driverHandles = stackalloc nint[Most];
        status = status != 0 ? status : ((delegate* unmanaged[Cdecl]<uint*, nint*, int>)drivers)(&driverCount, driverHandles);
        nint* handles = stackalloc nint[Most];
        for (uint d = 0; status == 0 && d < Math.Min(driverCount, Most); d++)
        {
            uint count = Most;
            if (((delegate* unmanaged[Cdecl]<nint, uint*, nint*, int>)devices)(driverHandles[d], &count, handles) != 0)
            {
                continue;
            }

            for (uint i = 0; i < Math.Min(count, Most); i++)
            {
                var properties = new PciProperties { Type = PciPropertiesType };
                if (((delegate* unmanaged[Cdecl]<nint, PciProperties*, int>)pci)(handles[i], &properties) == 0)
                {
                    _devices[string.Create(CultureInfo.InvariantCulture, $"{properties.Domain:x4}:{properties.Bus:x2}:{properties.Device:x2}.{properties.Function}")] = handles[i];
                }
            }
        }

        return status;
    }

    private Reading<nint[]> Children(string bus, string function)
    {
        if (!_devices.TryGetValue(bus, out nint device))
        {
            return Reading<nint[]>.None("Level Zero does not list the device");
        }

        nint f = _table.Find(function);
        uint count = Most;
        nint* handles = stackalloc nint[Most];
        int status = f == 0 ? NotFound : ((delegate* unmanaged[Cdecl]<nint, uint*, nint*, int>)f)(device, &count, handles);
        return status != 0 ? Reading<nint[]>.None(Reason(status))
            : count == 0 ? Reading<nint[]>.None("this device does not support it")
            : Reading<nint[]>.Of(new ReadOnlySpan<nint>(handles, (int)Math.Min(count, Most)).ToArray());
    }

    private static string Reason(int status) => (uint)status switch
    {
        0x70000001 => "the device is lost",
        0x70010000 => "permission denied by the driver",
        0x70020000 => "a driver or library that Level Zero needs is missing",
        0x78000001 => "Level Zero is not initialised",
        0x78000003 => "this device does not support it",
        0x78000010 => "this version of Level Zero lacks the function",
        _ => string.Create(CultureInfo.InvariantCulture, $"Level Zero failed with code 0x{status:x}"),
    };

    [StructLayout(LayoutKind.Sequential)]
    private struct PciProperties
    {
        public int Type;
        public nint Next;
        public uint Domain;
        public uint Bus;
        public uint Device;
        public uint Function;
        public int Generation;
        public int Width;
        public long Bandwidth;
        public byte HaveBandwidth;
        public byte HavePackets;
        public byte HaveReplays;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct MemoryState
    {
        public int Type;
        public nint Next;
        public int Health;
        public ulong Free;
        public ulong Size;
    }
}
