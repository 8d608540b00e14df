using System.ComponentModel;
using System.Diagnostics;
using TokenFactory.Hardware.Probing;
using Xunit;

namespace TokenFactory.Hardware.Tests;

/// <summary>The same against a library that a C compiler made with nvml.h's structures, loaded as the driver's would be.</summary>
public sealed class CompiledNvmlTests : IDisposable
{
    // Written after the structures and names that nvml.h documents. GPU 0 works, 1 is lost, 2 hangs, 3 refuses, 4 answers garbage.
    private const string Source = """
        #include <string.h>
        #include <time.h>
        typedef struct { int index; } device; static device devices[5] = {{0},{1},{2},{3},{4}};
        typedef struct { unsigned long long total, free, used; } memory;
        typedef struct { unsigned gpu, memory; } utilization;
        typedef struct { char busIdLegacy[16]; unsigned domain, bus, device, pciDeviceId, pciSubSystemId; char busId[32]; } pci;
        typedef struct { unsigned pid; unsigned long long used; unsigned gi, ci; } process;
        typedef struct { unsigned fieldId, scopeId; long long timestamp, latency; int valueType, status; union { double d; unsigned ui; unsigned long long ull; } value; } field;
        static unsigned long long energy = 1000000;
        int nvmlInit_v2(void) { return 0; }
        int nvmlShutdown(void) { return 0; }
        int nvmlSystemGetDriverVersion(char *t, unsigned n) { strncpy(t, "575.57.08", n); return 0; }
        int nvmlSystemGetCudaDriverVersion_v2(int *v) { *v = 12090; return 0; }
        int nvmlDeviceGetCount_v2(unsigned *n) { *n = 5; return 0; }
        int nvmlDeviceGetHandleByIndex_v2(unsigned i, device **d) { if (i == 3) return 4; *d = &devices[i]; return 0; }
        static int gate(device *d) {
          if (d->index == 1) return 15;
          if (d->index == 2) { struct timespec t = { 60, 0 }; nanosleep(&t, 0); }
          return 0;
        }
        int nvmlDeviceGetName(device *d, char *t, unsigned n) { int s = gate(d); if (!s) { if (d->index == 4) memset(t, 0xff, n); else strncpy(t, "NVIDIA Test GPU", n); } return s; }
        int nvmlDeviceGetUUID(device *d, char *t, unsigned n) { int s = gate(d); if (!s) { strncpy(t, "GPU-c0ffee", n); t[9] = (char)('0' + d->index); } return s; }
        int nvmlDeviceGetPciInfo_v3(device *d, pci *p) { int s = gate(d); if (!s) { memset(p, 0, sizeof *p); p->bus = 0x3b; strcpy(p->busId, "00000000:3B:00.0"); } return s; }
        int nvmlDeviceGetMemoryInfo(device *d, memory *m) { int s = gate(d); if (!s) { m->total = d->index == 4 ? ~0ull : 16ull << 30; m->free = 12ull << 30; m->used = 4ull << 30; } return s; }
        int nvmlDeviceGetUtilizationRates(device *d, utilization *u) { int s = gate(d); if (!s) { u->gpu = d->index == 4 ? 12345 : 25; u->memory = 5; } return s; }
        int nvmlDeviceGetPowerUsage(device *d, unsigned *v) { int s = gate(d); *v = 70500; return s; }
        int nvmlDeviceGetTotalEnergyConsumption(device *d, unsigned long long *v) { int s = gate(d); *v = energy += 50000; return s; }
        int nvmlDeviceGetNvLinkState(device *d, unsigned l, unsigned *v) { *v = l != 1; return l < 2 ? gate(d) : 2; }
        int nvmlDeviceGetFieldValues(device *d, int n, field *f) { f->status = 0; f->valueType = 1; f->value.ull = 0xffffffff00000000ull; f->value.ui = 26562; return gate(d); }
        int nvmlDeviceGetComputeRunningProcesses_v3(device *d, unsigned *n, process *p) {
          if (*n < 1) { *n = 1; return 7; }
          *n = 1; p->pid = 4242; p->used = 3ull << 20; p->gi = p->ci = 0xffffffff; return gate(d);
        }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("tokenfactory-nvml-").FullName;

    public void Dispose()
    {
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A library that is still loaded can't be deleted on Windows.
        }
    }

    [Fact]
    public void Library_made_by_a_compiler_is_read_with_its_faults()
    {
        string library = Compile();
        var options = new HardwareProbeOptions
        {
            Root = _folder,
            Timeout = TimeSpan.FromSeconds(3),
            Libraries = name => name == "nvml" ? NativeTable.TryLoad(library) : null,
            Kinds = [HardwareKind.Gpu],
        };
        IReadOnlyList<HardwareDevice> gpus = HardwareProbe.GetDevices(options, TestContext.Current.CancellationToken);
        Assert.Equal([DeviceHealth.Ok, DeviceHealth.Lost, DeviceHealth.NotResponding, DeviceHealth.NoPermission, DeviceHealth.Ok], gpus.Select(g => g.Health));
        HardwareDevice gpu = gpus[0];
        Assert.Equal(("NVIDIA Test GPU", "GPU-c0ffe0", 16L << 30, 4L << 30), (gpu.Name, gpu.Id, gpu.MemoryBytes, gpu.MemoryUsedBytes));
        Assert.Equal((0.25, 0.05, 70.5), (gpu.Utilization, gpu.Accelerator!.MemoryUtilization, gpu.PowerWatts));
        Assert.Equal(("0000:3b:00.0", "12.9"), (gpu.Accelerator.Bus, gpu.Accelerator.CudaVersion));
        Assert.Equal([new AcceleratorLink(0, true, null, 26562e6), new AcceleratorLink(1, false, null, 26562e6)], gpu.Accelerator.Links!);
        Assert.Equal([new AcceleratorProcess(4242, 3 << 20)], gpu.Accelerator.Processes!);
        Assert.Null(gpus[4].MemoryBytes);
        Assert.Null(gpus[4].Utilization);
        Assert.DoesNotContain(gpus[4].Name, c => char.IsControl(c));
    }

    private string Compile()
    {
        string source = Path.Combine(_folder, "nvml.c");
        string library = Path.Combine(_folder, OperatingSystem.IsMacOS() ? "libnvml.dylib" : "libnvml.so");
        File.WriteAllText(source, Source);
        try
        {
            using Process compiler = Process.Start(new ProcessStartInfo("cc", ["-shared", "-fPIC", "-O1", "-w", "-o", library, source]) { RedirectStandardError = true })!;
            string errors = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            Assert.True(compiler.ExitCode == 0, errors);
        }
        catch (Win32Exception)
        {
            Assert.Skip("There is no C compiler here; NvmlTests do the same through a function table.");
        }

        return library;
    }
}
