using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using System.Text;

namespace TokenFactory.Inference.Providers;

/// <summary>Reads which libraries a native library needs, without loading it, and says which of them this machine lacks.</summary>
/// <remarks>
/// ELF: the DT_NEEDED entries of the dynamic section (System V ABI, chapter 5). PE: the import directory. A loader that fails names one
/// missing library at a time, or none; this names them all.
/// </remarks>
internal static class NativeImports
{
    /// <summary>The needed libraries that can't be loaded.</summary>
    /// <param name="library">Full path of the native library.</param>
    public static IReadOnlyList<string> Missing(string library)
    {
        List<string> missing = [];
        string folder = Path.GetDirectoryName(library) ?? "";
        foreach (string name in Needed(library))
        {
            if (File.Exists(Path.Join(folder, name)))
            {
                continue;
            }

            if (NativeLibrary.TryLoad(name, out IntPtr handle))
            {
                NativeLibrary.Free(handle);
            }
            else
            {
                missing.Add(name);
            }
        }

        return missing;
    }

    /// <summary>Names of the libraries that a library needs; empty when the file is of another kind.</summary>
    /// <param name="library">Full path of the native library.</param>
    public static IReadOnlyList<string> Needed(string library)
    {
        using FileStream file = File.OpenRead(library);
        Span<byte> magic = stackalloc byte[4];
        if (file.ReadAtLeast(magic, 4, throwOnEndOfStream: false) < 4)
        {
            return [];
        }

        file.Position = 0;
        return magic switch
        {
            [0x7f, (byte)'E', (byte)'L', (byte)'F'] => NeededByElf(file),
            [(byte)'M', (byte)'Z', ..] => NeededByPortableExecutable(file),
            _ => [],
        };
    }

    private static List<string> NeededByElf(FileStream file)
    {
        using var reader = new BinaryReader(file, Encoding.ASCII, leaveOpen: true);
        file.Position = 4;
        if (reader.ReadByte() != 2 || reader.ReadByte() != 1)
        {
            return []; // 64-bit little-endian only: all that ONNX Runtime ships
        }

        file.Position = 32;
        long programHeaders = reader.ReadInt64();
        file.Position = 54;
        int entrySize = reader.ReadUInt16();
        int entryCount = reader.ReadUInt16();
        List<(long Address, long Offset, long Size)> segments = [];
        (long Offset, long Size) dynamic = default;
        for (int i = 0; i < entryCount; i++)
        {
            file.Position = programHeaders + ((long)i * entrySize);
            uint type = reader.ReadUInt32();
            reader.ReadUInt32();
            long offset = reader.ReadInt64();
            long address = reader.ReadInt64();
            reader.ReadInt64();
            long size = reader.ReadInt64();
            if (type == 1)
            {
                segments.Add((address, offset, size));
            }
            else if (type == 2)
            {
                dynamic = (offset, size);
            }
        }

        List<long> names = [];
        long strings = 0;
        for (long at = dynamic.Offset; at < dynamic.Offset + dynamic.Size; at += 16)
        {
            file.Position = at;
            long tag = reader.ReadInt64();
            long value = reader.ReadInt64();
            if (tag == 0)
            {
                break;
            }

            if (tag == 1)
            {
                names.Add(value);
            }
            else if (tag == 5)
            {
                strings = value;
            }
        }

        foreach ((long address, long offset, long size) in segments)
        {
            if (strings >= address && strings < address + size)
            {
                return [.. names.Select(name => ReadString(file, strings - address + offset + name))];
            }
        }

        return [];
    }

    private static List<string> NeededByPortableExecutable(FileStream file)
    {
        using var portable = new PEReader(file, PEStreamOptions.LeaveOpen);
        if (portable.PEHeaders.PEHeader is not { } header || header.ImportTableDirectory.Size == 0)
        {
            return [];
        }

        List<string> names = [];
        BlobAt(portable, header.ImportTableDirectory.RelativeVirtualAddress, out PEMemoryBlock table);
        System.Reflection.Metadata.BlobReader reader = table.GetReader();
        while (reader.RemainingBytes >= 20)
        {
            reader.ReadInt32();
            reader.ReadInt32();
            reader.ReadInt32();
            int name = reader.ReadInt32();
            reader.ReadInt32();
            if (name == 0)
            {
                break;
            }

            BlobAt(portable, name, out PEMemoryBlock text);
            System.Reflection.Metadata.BlobReader characters = text.GetReader();
            var builder = new StringBuilder();
            for (byte c = characters.ReadByte(); c != 0 && builder.Length < 260; c = characters.ReadByte())
            {
                builder.Append((char)c);
            }

            names.Add(builder.ToString());
        }

        return names;
    }

    private static void BlobAt(PEReader portable, int address, out PEMemoryBlock block) => block = portable.GetSectionData(address);

    private static string ReadString(FileStream file, long position)
    {
        file.Position = position;
        var builder = new StringBuilder();
        for (int c = file.ReadByte(); c > 0 && builder.Length < 4096; c = file.ReadByte())
        {
            builder.Append((char)c);
        }

        return builder.ToString();
    }
}
