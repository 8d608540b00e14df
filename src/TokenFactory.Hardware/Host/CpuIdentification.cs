using System.Runtime.Intrinsics.X86;
using System.Text;

namespace TokenFactory.Hardware.Host;

/// <summary>The CPUID instruction, or a recording of it.</summary>
internal delegate (uint Eax, uint Ebx, uint Ecx, uint Edx) CpuIdentification(uint leaf, uint subleaf);

/// <summary>What CPUID tells of brand and hypervisor.</summary>
internal static class CpuIdReader
{
    private const uint HypervisorLeaf = 0x40000000;

    public static CpuIdentification? Live => X86Base.IsSupported
        ? (leaf, subleaf) =>
        {
            (int a, int b, int c, int d) = X86Base.CpuId((int)leaf, (int)subleaf);
            return ((uint)a, (uint)b, (uint)c, (uint)d);
        }
    : null;

    /// <summary>The hypervisor's signature; empty on bare metal.</summary>
    public static string HypervisorSignature(CpuIdentification cpuId)
    {
        if ((cpuId(1, 0).Ecx & (1u << 31)) == 0)
        {
            return "";
        }

        (_, uint b, uint c, uint d) = cpuId(HypervisorLeaf, 0);
        return Ascii(b, c, d);
    }

    public static string Brand(CpuIdentification cpuId)
    {
        if (cpuId(0x80000000, 0).Eax < 0x80000004)
        {
            return "";
        }

        var text = new StringBuilder();
        for (uint leaf = 0x80000002; leaf <= 0x80000004; leaf++)
        {
            (uint a, uint b, uint c, uint d) = cpuId(leaf, 0);
            text.Append(Ascii(a, b, c, d));
        }

        return text.ToString().Trim('\0', ' ');
    }

    private static string Ascii(params ReadOnlySpan<uint> registers)
    {
        var text = new StringBuilder();
        foreach (uint register in registers)
        {
            for (int shift = 0; shift < 32; shift += 8)
            {
                text.Append((char)((register >> shift) & 0xff));
            }
        }

        return text.ToString();
    }
}
