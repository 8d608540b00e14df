using System.Globalization;

namespace TokenFactory.Fuzz;

/// <summary>Moves a weight's bytes into another file, or says so.</summary>
internal static class ExternalData
{
    private static readonly string[] s_positions = ["0", "1", "7", "4096", "-1", "18446744073709551615", "9223372036854775807", "1e3", "", "0x10", "4294967296", " 1"];

    public static IReadOnlyList<string> Outside { get; } =
    [
        "../outside.bin", "/etc/passwd", "..", ".", "a/../../outside.bin", "..\\outside.bin", "x\\..\\..\\outside.bin", "C:\\Windows\\win.ini", "\\\\host\\share\\x", "//etc/passwd", "./../outside.bin", "/proc/self/maps", "/dev/zero",
        "*/_ORT_MEM_ADDR_/*", "file:///etc/passwd", "a\u0000b", "\uFFFD", "model.onnx.data/../../outside.bin", "CON", "onnx/../../outside.bin",
    ];

    public static void Add(List<WireField> weight, Random random, string graphName)
    {
        string location = random.Next(3) == 0 ? graphName : Outside[random.Next(Outside.Count)];
        weight.RemoveAll(f => f.Number == 13 || (f.Number == 9 && random.Next(4) > 0));
        weight.Add(WireField.Of(13, [WireField.Of(1, "location"), WireField.Of(2, location)]));
        if (random.Next(4) > 0)
        {
            weight.Add(WireField.Of(13, [WireField.Of(1, "offset"), WireField.Of(2, Position(random))]));
        }

        if (random.Next(3) > 0)
        {
            weight.Add(WireField.Of(13, [WireField.Of(1, "length"), WireField.Of(2, Position(random))]));
        }

        if (random.Next(6) == 0)
        {
            weight.Add(WireField.Of(13, [WireField.Of(1, "location"), WireField.Of(2, graphName)]));
        }

        weight.RemoveAll(f => f.Number == 14);
        weight.Add(WireField.Of(14, random.Next(8) == 0 ? 0 : 1));
    }

    private static string Position(Random random) =>
        random.Next(3) == 0 ? random.Next(100_000).ToString(CultureInfo.InvariantCulture) : s_positions[random.Next(s_positions.Length)];
}
