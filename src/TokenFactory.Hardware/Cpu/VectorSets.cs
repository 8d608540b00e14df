using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace TokenFactory.Hardware.Cpu;

/// <summary>Vector instruction sets by the names that people use.</summary>
internal static class VectorSets
{
    private static readonly (string Flag, string Name)[] s_flags =
    [
        ("sse4_2", "SSE4.2"), ("avx", "AVX"), ("f16c", "F16C"), ("fma", "FMA"), ("avx2", "AVX2"), ("avx_vnni", "AVX-VNNI"),
        ("avx512f", "AVX512F"), ("avx512bw", "AVX512BW"), ("avx512vl", "AVX512VL"), ("avx512_vnni", "AVX512-VNNI"), ("avx512_bf16", "AVX512-BF16"), ("avx512_fp16", "AVX512-FP16"),
        ("amx_tile", "AMX-TILE"), ("amx_int8", "AMX-INT8"), ("amx_bf16", "AMX-BF16"), ("amx_fp16", "AMX-FP16"),
        ("asimd", "NEON"), ("asimdhp", "NEON-FP16"), ("asimddp", "DOTPROD"), ("i8mm", "I8MM"), ("bf16", "BF16"), ("sve", "SVE"), ("sve2", "SVE2"), ("sme", "SME"),
    ];

    /// <summary>From the flags of /proc/cpuinfo.</summary>
    public static IReadOnlyList<string> FromFlags(string flags)
    {
        HashSet<string> set = [.. flags.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        return [.. s_flags.Where(f => set.Contains(f.Flag)).Select(f => f.Name)];
    }

    /// <summary>What this process may execute, where the system has no list.</summary>
    public static IReadOnlyList<string> FromRuntime()
    {
        (bool Has, string Name)[] sets =
        [
            (Sse42.IsSupported, "SSE4.2"), (Avx.IsSupported, "AVX"), (Fma.IsSupported, "FMA"), (Avx2.IsSupported, "AVX2"),
            (Avx512F.IsSupported, "AVX512F"), (Avx512BW.IsSupported, "AVX512BW"), (AdvSimd.IsSupported, "NEON"), (Dp.IsSupported, "DOTPROD"),
        ];
        return [.. sets.Where(s => s.Has).Select(s => s.Name)];
    }
}

/// <summary>Names of ARM designs by the numbers of the MIDR register, as Arm's and the makers' manuals give them.</summary>
internal static class ArmParts
{
    public static string Implementer(string code) => code switch
    {
        "0x41" => "Arm",
        "0x46" => "Fujitsu",
        "0x48" => "HiSilicon",
        "0x4e" => "NVIDIA",
        "0x51" => "Qualcomm",
        "0x61" => "Apple",
        "0xc0" => "Ampere",
        "0x6d" => "Microsoft",
        _ => code,
    };

    public static string Name(string implementer, string part) => (implementer, part) switch
    {
        ("0x41", "0xd0b") => "Arm Cortex-A76",
        ("0x41", "0xd0c") => "Arm Neoverse-N1",
        ("0x41", "0xd40") => "Arm Neoverse-V1",
        ("0x41", "0xd49") => "Arm Neoverse-N2",
        ("0x41", "0xd4f") => "Arm Neoverse-V2",
        ("0x41", "0xd83") => "Arm Neoverse-V3AE",
        ("0x41", "0xd84") => "Arm Neoverse-V3",
        ("0x41", "0xd8e") => "Arm Neoverse-N3",
        ("0x46", "0x001") => "Fujitsu A64FX",
        ("0x48", "0xd01") => "HiSilicon Kunpeng-920",
        ("0xc0", "0xac3") => "Ampere-1",
        ("0xc0", "0xac4") => "Ampere-1a",
        _ => $"{Implementer(implementer)} part {part}",
    };
}
