namespace TokenFactory.Hardware.Nvidia;

/// <summary>NVML's return codes (nvml.h, nvmlReturn_t), with what each means to an operator.</summary>
internal static class NvmlStatus
{
    public const int Success = 0;
    public const int NotSupported = 3;
    public const int NoPermission = 4;
    public const int InsufficientSize = 7;
    public const int DriverNotLoaded = 9;
    public const int FunctionNotFound = 13;
    public const int GpuIsLost = 15;
    public const int ResetRequired = 16;
    public const int VersionMismatch = 18;
    public const int GpuNotFound = 28;

    public static string Reason(int status) => status switch
    {
        1 => "NVML is not initialised",
        2 => "NVML refuses the argument",
        NotSupported => "this device does not support it",
        NoPermission => "permission denied by the driver: needs root",
        6 => "NVML did not find it",
        InsufficientSize => "NVML reports more entries than fit",
        8 => "the device's power cables are not attached",
        DriverNotLoaded => "the NVIDIA kernel driver is not loaded",
        10 => "the driver timed out",
        11 => "the driver reports an interrupt problem of the device",
        12 => "a library of the driver is missing",
        FunctionNotFound => "this driver's NVML is too old for it",
        14 => "the device's InfoROM is corrupted",
        GpuIsLost => "the device fell off the bus",
        ResetRequired => "the device needs a reset",
        17 => "the operating system blocks the driver",
        VersionMismatch => "kernel driver and NVML library are of different versions",
        19 => "the device is in use",
        20 => "out of memory",
        21 => "no data yet",
        25 => "this driver's NVML knows another version of the structure",
        27 => "the device is not ready",
        GpuNotFound => "the device is no longer there",
        29 => "the device is in an invalid state",
        _ => $"NVML failed with code {status}",
    };
}
