namespace TokenFactory.Inference.Models;

/// <summary>Where a layer's tables of rotary angles are stored: rows are positions, columns pairs of elements.</summary>
/// <param name="CosPath">File of the cosines.</param>
/// <param name="CosOffset">Their first byte in it.</param>
/// <param name="SinPath">File of the sines.</param>
/// <param name="SinOffset">Their first byte in it.</param>
/// <param name="Rows">Positions.</param>
/// <param name="Pairs">Pairs of elements that are turned.</param>
/// <param name="Half">True when the values are 16-bit floats, else 32-bit.</param>
/// <param name="Interleaved">True when a pair is two neighbours, false when it is an element of the first half and one of the second.</param>
public sealed record RotaryTable(string CosPath, long CosOffset, string SinPath, long SinOffset, int Rows, int Pairs, bool Half, bool Interleaved);
