using CsCheck;
using TokenFactory.Hardware.Energy;
using TokenFactory.Hardware.Probing;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Hardware.Tests;

public sealed class EnergyTests
{
    private readonly Clock _clock = new();
    private Reading<double> _value = Reading<double>.Of(100);

    [Fact]
    public void Counter_gives_the_difference_with_its_scope()
    {
        EnergyReading reading = Window(Counter(), seconds: 2, _ => _value = Reading<double>.Of(160));
        Assert.Equal((60, EnergyScope.Package, "RAPL"), (reading.Joules, reading.Scope, reading.Source));
        Assert.Equal(30, reading.MeanWatts);
    }

    [Fact]
    public void Wrap_is_added_once()
    {
        EnergyReading reading = Window(Counter() with { WrapJoules = 262.144 }, seconds: 2, _ => _value = Reading<double>.Of(10));
        Assert.Equal(172.144, reading.Joules!.Value, 9);
    }

    [Fact]
    public void Reset_of_a_counter_that_does_not_wrap_is_unknown()
    {
        EnergyReading reading = Window(Counter(), seconds: 2, _ => _value = Reading<double>.Of(3));
        Assert.Null(reading.Joules);
        Assert.Contains("reset", reading.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Reset_that_looks_like_a_wrap_of_more_than_can_be_drawn_is_unknown()
    {
        EnergyReading reading = Window(Counter() with { WrapJoules = 1e6 }, seconds: 1, _ => _value = Reading<double>.Of(3));
        Assert.Null(reading.Joules);
        Assert.Contains("reset", reading.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Window_shorter_than_two_updates_is_unknown_and_never_zero()
    {
        EnergyReading reading = Window(Counter() with { UpdateSeconds = 0.1 }, seconds: 0.15, _ => _value = Reading<double>.Of(101));
        Assert.Null(reading.Joules);
        Assert.Contains("shorter than two updates", reading.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Counter_that_stands_still_is_unknown_and_never_zero()
    {
        EnergyReading reading = Window(Counter(), seconds: 5, _ => { });
        Assert.Null(reading.Joules);
        Assert.Contains("did not move", reading.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-5)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(1e12)]
    public void Garbage_is_unknown(double garbage)
    {
        EnergyReading reading = Window(Counter(), seconds: 1, _ => _value = Reading<double>.Of(garbage));
        Assert.Null(reading.Joules);
        Assert.NotEmpty(reading.Reason!);
    }

    [Fact]
    public void Refusal_in_the_window_is_its_reason()
    {
        EnergyReading reading = Window(Counter(), seconds: 1, _ => _value = Reading<double>.None("permission denied on x"));
        Assert.Equal("permission denied on x", reading.Reason);
    }

    [Fact]
    public void Power_is_added_up_by_trapezoids()
    {
        EnergySource source = Counter() with { IsPower = true, UpdateSeconds = 0.1 };
        using var meter = new EnergyMeter([source], null, _clock, null, null, poll: false);
        IEnergySpan span = meter.Start();
        _clock.Advance(1);
        _value = Reading<double>.Of(200);
        IEnergySpan inner = meter.Start();
        _clock.Advance(1);
        Assert.Equal(200, inner.Stop().Joules!.Value, 9);
        Assert.Equal(350, span.Stop().Joules!.Value, 9);
    }

    [Fact]
    public void One_instrument_that_fails_makes_the_sum_unknown_and_the_parts_tell_which()
    {
        EnergySource good = Counter();
        EnergySource bad = Counter() with { Name = "RAPL package-1", Read = () => Reading<double>.None("gone") };
        using var meter = new EnergyMeter([good, bad], null, _clock, null, null, poll: false);
        IEnergySpan span = meter.Start();
        _clock.Advance(1);
        _value = Reading<double>.Of(110);
        EnergyReading reading = span.Stop();
        Assert.Null(reading.Joules);
        Assert.Equal([new EnergyPart("RAPL package-0", 10, null), new EnergyPart("RAPL package-1", null, "gone")], reading.Parts);
    }

    [Fact]
    public void Rapl_is_found_in_the_systems_files_and_wraps_at_their_range()
    {
        using FakeRoot root = new FakeRoot()
            .With("/sys/class/powercap/intel-rapl:0/name", "package-0").With("/sys/class/powercap/intel-rapl:0/energy_uj", "262000000000").With("/sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850")
            .With("/sys/class/powercap/intel-rapl:0:0/name", "core").With("/sys/class/powercap/intel-rapl:0:0/energy_uj", "1")
            .With("/sys/class/powercap/intel-rapl:0:1/name", "dram").With("/sys/class/powercap/intel-rapl:0:1/energy_uj", "5000000")
            .With("/sys/class/powercap/intel-rapl:1/name", "psys").With("/sys/class/powercap/intel-rapl:1/energy_uj", "7000000");
        using EnergyMeter meter = EnergyMeter.Open(new EnergyMeterOptions { Target = EnergyTarget.Cpu, Probe = root.Options }, TestContext.Current.CancellationToken);
        Assert.Equal((EnergyScope.Package, "RAPL"), (meter.Scope, meter.Source));
        IEnergySpan span = meter.Start();
        root.With("/sys/class/powercap/intel-rapl:0/energy_uj", "1000000").With("/sys/class/powercap/intel-rapl:0:1/energy_uj", "6500000");
        Thread.Sleep(30);
        EnergyReading reading = span.Stop();
        Assert.Equal(143.32885 + 1 + 1.5, reading.Joules!.Value, 4);
        using EnergyMeter system = EnergyMeter.Open(new EnergyMeterOptions { Target = EnergyTarget.System, Probe = root.Options }, TestContext.Current.CancellationToken);
        Assert.Equal((EnergyScope.System, "RAPL psys"), (system.Scope, system.Source));
    }

    [Fact]
    public void Module_power_of_a_superchip_has_its_own_scope()
    {
        using FakeRoot root = new FakeRoot()
            .With("/sys/class/hwmon/hwmon1/name", "power_meter").With("/sys/class/hwmon/hwmon1/device/power1_average", "250000000")
            .With("/sys/class/hwmon/hwmon1/device/power1_oem_info", "Module Power Socket 0").With("/sys/class/hwmon/hwmon1/device/power1_average_interval", "50");
        using EnergyMeter meter = EnergyMeter.Open(new EnergyMeterOptions { Target = EnergyTarget.Cpu, Probe = root.Options }, TestContext.Current.CancellationToken);
        Assert.Equal(EnergyScope.Module, meter.Scope);
    }

    [Fact]
    public void Machine_without_instruments_says_so_and_declared_power_is_marked()
    {
        using var root = new FakeRoot();
        using EnergyMeter none = EnergyMeter.Open(new EnergyMeterOptions { Probe = root.Options }, TestContext.Current.CancellationToken);
        EnergyReading nothing = none.Start().Stop();
        Assert.Null(nothing.Joules);
        Assert.Null(nothing.Scope);
        Assert.Contains("RAPL", nothing.Reason, StringComparison.Ordinal);
        using var declared = new EnergyMeter([], null, _clock, 120, null, poll: false);
        IEnergySpan span = declared.Start();
        _clock.Advance(2);
        EnergyReading reading = span.Stop();
        Assert.Equal((240, EnergyScope.Declared), (reading.Joules, reading.Scope));
    }

    [Fact]
    public void Any_course_of_a_counter_that_wraps_adds_up() => Gen.Double[0.01, 100].Array[1, 60].SampleRepeatably(steps =>
    {
        const double Wrap = 262.144;
        double drawn = 0;
        double start = steps[0] % Wrap;
        double now = start;
        EnergySource source = Counter() with { WrapJoules = Wrap, Read = () => Reading<double>.Of(now) };
        var clock = new Clock();
        using var meter = new EnergyMeter([source], null, clock, null, null, poll: false);
        IEnergySpan whole = meter.Start();
        foreach (double step in steps)
        {
            clock.Advance(0.5);
            drawn += step;
            now = (start + drawn) % Wrap;
            _ = meter.Start();
        }

        return Math.Abs(whole.Stop().Joules!.Value - drawn) < 1e-6;
    });

    [Fact]
    public void Counter_for_root_only_says_what_would_help()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A folder in a file's place is refused otherwise there.");
        using FakeRoot root = new FakeRoot().WithServer().With("/sys/class/powercap/intel-rapl:0/name", "package-0").With("/sys/class/powercap/intel-rapl:0/energy_uj/refused", "")
            .With("/sys/firmware/dmi/tables/DMI/refused", "");
        using EnergyMeter meter = EnergyMeter.Open(new EnergyMeterOptions { Target = EnergyTarget.Cpu, Probe = root.Options }, TestContext.Current.CancellationToken);
        Assert.Contains("root only", meter.Reason, StringComparison.Ordinal);
        Assert.Contains("root only", root.Device(HardwareKind.Cpu).Unavailable[nameof(HardwareDevice.PowerWatts)], StringComparison.Ordinal);
        Assert.Contains("needs root", root.Device(HardwareKind.Memory).Unavailable[nameof(MemoryDetails.Type)], StringComparison.Ordinal);
        Assert.Equal(2, root.Device(HardwareKind.System).System!.RootWouldAdd.Count);
    }

    private EnergySource Counter() => new("RAPL package-0", EnergyScope.Package, 0.001, () => _value) { Instrument = "RAPL" };

    private EnergyReading Window(EnergySource source, double seconds, Action<int> during)
    {
        using var meter = new EnergyMeter([source], null, _clock, null, null, poll: false);
        IEnergySpan span = meter.Start();
        _clock.Advance(seconds);
        during(0);
        return span.Stop();
    }

    private sealed class Clock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(double seconds) => _ticks += (long)(seconds * TimeSpan.TicksPerSecond);
    }
}
