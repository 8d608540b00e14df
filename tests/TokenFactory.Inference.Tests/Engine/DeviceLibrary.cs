using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace TokenFactory.Inference.Tests.Engine;

/// <summary>Lets this process run on another build of ONNX Runtime, with CUDA or WebGPU: the one that <c>TOKENFACTORY_ONNXRUNTIME_LIBRARY</c> names.</summary>
/// <remarks>
/// The one with WebGPU within reach for Linux (in the npm package onnxruntime-node) is a version older than the managed binding, which asks the
/// library for its own version's table of functions. So that library's answer is replaced, in this process's memory alone, by its newest table
/// with the functions it lacks filled in by ones that fail. Nothing of the module does this.
/// </remarks>
internal static unsafe partial class DeviceLibrary
{
    private const int ReadWrite = 3;
    private const int NotImplemented = 9;

    // Functions of the table (OrtApi) by version: onnxruntime_c_api.h, "End of Version 30", "End of Version 31".
    private const int Functions30 = 426;
    private const int Functions31 = 428;

    private static readonly nint s_message = Marshal.StringToCoTaskMemUTF8("This function is newer than the library.");
    private static delegate* unmanaged<uint, nint> s_answer;
    private static nint* s_table;

    /// <summary>Why no other library is in use; null when one is.</summary>
    public static string? Reason { get; private set; } =
        "TOKENFACTORY_ONNXRUNTIME_LIBRARY names no build of ONNX Runtime with a device's provider (docs/providers.md says which ones work).";

#pragma warning disable CA2255 // It must run before the first test touches ONNX Runtime, and there is no other hook for that.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Initialize()
    {
        if (Environment.GetEnvironmentVariable("TOKENFACTORY_ONNXRUNTIME_LIBRARY") is not { Length: > 0 } path)
        {
            return;
        }

        try
        {
            Use(path);
            Reason = null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException or NotSupportedException)
        {
            Reason = $"'{path}' can't be used: {e.Message}";
        }
    }

    private static void Use(string path)
    {
        nint library = NativeLibrary.Load(path);
        nint* tables = ((delegate* unmanaged<nint*>)NativeLibrary.GetExport(library, "OrtGetApiBase"))();
        string version = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)tables[1])()) ?? "";
        Version binding = typeof(InferenceSession).Assembly.GetName().Version!;
        if (version.StartsWith("1.30.", StringComparison.Ordinal))
        {
            if (!OperatingSystem.IsLinux())
            {
                throw new NotSupportedException($"version {version} is older than the binding, and it is bridged on Linux only.");
            }

            long page = Environment.SystemPageSize;
            nint start = (nint)((long)tables / page * page);
            if (Protect(start, (nuint)(2 * page), ReadWrite) != 0)
            {
                throw new NotSupportedException("the library's memory can't be made writable.");
            }

            s_answer = (delegate* unmanaged<uint, nint>)tables[0];
            tables[0] = (nint)(delegate* unmanaged<uint, nint>)&Answer;
        }
        else if (!version.StartsWith("1.31.", StringComparison.Ordinal))
        {
            throw new NotSupportedException($"its version is {version}; 1.30 and 1.31 work with the binding {binding}.");
        }

        OrtEnv.DisableDllImportResolver = true;
        // Our operators register with the very library that the binding uses.
        foreach (System.Reflection.Assembly assembly in new[] { typeof(InferenceSession).Assembly, typeof(TokenFactory.Inference.Engine.InferenceEngine).Assembly })
        {
            NativeLibrary.SetDllImportResolver(assembly, (name, _, _) => name.Contains("onnxruntime", StringComparison.OrdinalIgnoreCase) ? library : 0);
        }
    }

    [UnmanagedCallersOnly]
    private static nint Answer(uint version)
    {
        if (version <= 30)
        {
            return s_answer(version);
        }

        if (version == 31 && s_table == null)
        {
            s_table = (nint*)NativeMemory.AllocZeroed(Functions31, (nuint)sizeof(nint));
            new ReadOnlySpan<nint>((void*)s_answer(30), Functions30).CopyTo(new Span<nint>(s_table, Functions31));
            s_table[Functions30] = (nint)(delegate* unmanaged<nint>)&Fail;
            s_table[Functions30 + 1] = (nint)(delegate* unmanaged<nint>)&Nothing;
        }

        return version == 31 ? (nint)s_table : 0;
    }

    // CreateStatus is the table's first function.
    [UnmanagedCallersOnly]
    private static nint Fail() => ((delegate* unmanaged<int, nint, nint>)s_table[0])(NotImplemented, s_message);

    [UnmanagedCallersOnly]
    private static nint Nothing() => 0;

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);
}
