using System.Buffers.Binary;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Amd;

/// <summary>The driver's binary table gpu_metrics, format 1 content 1 to 4 (Linux, kgd_pp_interface.h): energy counter and throttling.</summary>
internal sealed record AmdGpuMetrics(double EnergyJoules, IReadOnlyList<string>? Throttle)
{
    // The counter's unit is 2^-16 J.
    private const double JoulesPerCount = 1.0 / 65536;
    private const int EnergyOffset = 24;
    private const int ThrottleOffset = 112;

    public static Reading<AmdGpuMetrics> Parse(ReadOnlySpan<byte> table)
    {
        if (table.Length < 4 || BinaryPrimitives.ReadUInt16LittleEndian(table) > table.Length)
        {
            return Reading<AmdGpuMetrics>.None("the driver's table gpu_metrics is cut short");
        }

        (int format, int content) = (table[2], table[3]);
        if (format != 1 || content is < 1 or > 4 || table.Length < EnergyOffset + 8)
        {
            return Reading<AmdGpuMetrics>.None($"the driver's table gpu_metrics has version {format}.{content}, which is not known here");
        }

        ulong count = BinaryPrimitives.ReadUInt64LittleEndian(table[EnergyOffset..]);
        if (count is 0 or ulong.MaxValue)
        {
            return Reading<AmdGpuMetrics>.None("the driver's table gpu_metrics holds no energy");
        }

        IReadOnlyList<string>? throttle = null;
        if (content == 3 && table.Length >= ThrottleOffset + 8)
        {
            ulong bits = BinaryPrimitives.ReadUInt64LittleEndian(table[ThrottleOffset..]);
            throttle = bits == ulong.MaxValue ? null : ThrottleNames(bits);
        }

        return Reading<AmdGpuMetrics>.Of(new AmdGpuMetrics(count * JoulesPerCount, throttle));
    }

    /// <summary>Groups of the driver's throttler bits (amdgpu_smu.h): power in bits 0 to 7, current in 16 to 23, temperature in 32 to 47.</summary>
    internal static IReadOnlyList<string> ThrottleNames(ulong bits)
    {
        (ulong Mask, string Name)[] groups = [(0xffUL, "SoftwarePowerCap"), (0xffUL << 16, "Current"), (0xffffUL << 32, "HardwareThermal")];
        return [.. groups.Where(g => (bits & g.Mask) != 0).Select(g => g.Name)];
    }
}
