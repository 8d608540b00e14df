using System.Runtime.InteropServices;
using TokenFactory.Hardware.Energy;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Apple;

/// <summary>Energy counters of Apple silicon: the group "Energy Model" of IOReport, which needs no root. The library has no public header; its calls are those that powermetrics makes.</summary>
internal sealed unsafe class IoReport : IDisposable
{
    private const double UpdateSeconds = 0.1;
    private const uint Utf8 = 0x08000100;

    private readonly NativeTable _report;
    private readonly NativeTable _foundation;
    private readonly Lock _lock = new();
    private readonly nint _subscription;
    private readonly nint _channels;

    private IoReport(NativeTable report, NativeTable foundation, nint subscription, nint channels)
    {
        _report = report;
        _foundation = foundation;
        _subscription = subscription;
        _channels = channels;
    }

    public static Reading<IoReport> Open()
    {
        NativeTable? report = NativeTable.TryLoad("/usr/lib/libIOReport.dylib");
        NativeTable? foundation = NativeTable.TryLoad("/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation");
        if (report is null || foundation is null)
        {
            return Reading<IoReport>.None("macOS's library IOReport does not load");
        }

        nint copy = report.Find("IOReportCopyChannelsInGroup");
        nint subscribe = report.Find("IOReportCreateSubscription");
        string[] needed = ["IOReportCreateSamples", "IOReportChannelGetChannelName", "IOReportSimpleGetIntegerValue", "IOReportChannelGetUnitLabel"];
        if (copy == 0 || subscribe == 0 || needed.Any(n => report.Find(n) == 0))
        {
            return Reading<IoReport>.None("this version of macOS has another IOReport");
        }

        nint group = String(foundation, "Energy Model");
        nint channels = ((delegate* unmanaged[Cdecl]<nint, nint, ulong, ulong, ulong, nint>)copy)(group, 0, 0, 0, 0);
        Release(foundation, group);
        if (channels == 0)
        {
            return Reading<IoReport>.None("IOReport has no energy counters");
        }

        nint subscribed = 0;
        nint subscription = ((delegate* unmanaged[Cdecl]<nint, nint, nint*, ulong, nint, nint>)subscribe)(0, channels, &subscribed, 0, 0);
        Release(foundation, channels);
        return subscription == 0 || subscribed == 0
            ? Reading<IoReport>.None("IOReport refuses its energy counters to this user")
            : Reading<IoReport>.Of(new IoReport(report, foundation, subscription, subscribed));
    }

    /// <summary>The processor's and the GPU's counters.</summary>
    public IReadOnlyList<EnergySource> Sources(bool gpu)
    {
        string channel = gpu ? "GPU Energy" : "CPU Energy";
        return Joules(channel).Ok
            ? [new EnergySource($"IOReport {channel}", gpu ? EnergyScope.Device : EnergyScope.Package, UpdateSeconds, () => Joules(channel)) { Instrument = "IOReport" }]
            : [];
    }

    public void Dispose()
    {
        Release(_foundation, _subscription);
        Release(_foundation, _channels);
    }

    /// <summary>Joules of a count in the unit that IOReport names.</summary>
    internal static Reading<double> Scale(long count, string unit) => unit.Trim() switch
    {
        "mJ" => Reading<double>.Of(count * 1e-3),
        "uJ" or "µJ" => Reading<double>.Of(count * 1e-6),
        "nJ" => Reading<double>.Of(count * 1e-9),
        _ => Reading<double>.None($"IOReport counts in '{unit}', which is not known here"),
    };

    private Reading<double> Joules(string name)
    {
        lock (_lock)
        {
            nint sample = ((delegate* unmanaged[Cdecl]<nint, nint, nint, nint>)_report.Find("IOReportCreateSamples"))(_subscription, _channels, 0);
            if (sample == 0)
            {
                return Reading<double>.None("IOReport gives no sample");
            }

            try
            {
                return Find(sample, name);
            }
            finally
            {
                Release(_foundation, sample);
            }
        }
    }

    private Reading<double> Find(nint sample, string name)
    {
        nint key = String(_foundation, "IOReportChannels");
        nint list = ((delegate* unmanaged[Cdecl]<nint, nint, nint>)_foundation.Find("CFDictionaryGetValue"))(sample, key);
        Release(_foundation, key);
        nint count = list == 0 ? 0 : ((delegate* unmanaged[Cdecl]<nint, nint>)_foundation.Find("CFArrayGetCount"))(list);
        double joules = 0;
        bool found = false;
        for (nint i = 0; i < count; i++)
        {
            nint channel = ((delegate* unmanaged[Cdecl]<nint, nint, nint>)_foundation.Find("CFArrayGetValueAtIndex"))(list, i);
            if (Text(((delegate* unmanaged[Cdecl]<nint, nint>)_report.Find("IOReportChannelGetChannelName"))(channel)).EndsWith(name, StringComparison.Ordinal))
            {
                // A processor of two dies has a channel of each: DIE_0_CPU Energy, DIE_1_CPU Energy.
                long value = ((delegate* unmanaged[Cdecl]<nint, int, long>)_report.Find("IOReportSimpleGetIntegerValue"))(channel, 0);
                Reading<double> one = Scale(value, Text(((delegate* unmanaged[Cdecl]<nint, nint>)_report.Find("IOReportChannelGetUnitLabel"))(channel)));
                if (!one.Ok)
                {
                    return one;
                }

                joules += one.Value;
                found = true;
            }
        }

        return found ? Reading<double>.Of(joules) : Reading<double>.None($"IOReport has no channel '{name}'");
    }

    private string Text(nint text)
    {
        byte* buffer = stackalloc byte[128];
        return text != 0 && ((delegate* unmanaged[Cdecl]<nint, byte*, nint, uint, byte>)_foundation.Find("CFStringGetCString"))(text, buffer, 128, Utf8) != 0
            ? Marshal.PtrToStringUTF8((nint)buffer) ?? ""
            : "";
    }

    private static nint String(NativeTable foundation, string text)
    {
        nint utf8 = Marshal.StringToCoTaskMemUTF8(text);
        nint made = ((delegate* unmanaged[Cdecl]<nint, nint, uint, nint>)foundation.Find("CFStringCreateWithCString"))(0, utf8, Utf8);
        Marshal.FreeCoTaskMem(utf8);
        return made;
    }

    private static void Release(NativeTable foundation, nint value)
    {
        if (value != 0)
        {
            ((delegate* unmanaged[Cdecl]<nint, void>)foundation.Find("CFRelease"))(value);
        }
    }
}
