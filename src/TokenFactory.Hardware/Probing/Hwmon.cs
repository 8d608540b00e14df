namespace TokenFactory.Hardware.Probing;

/// <summary>A device's sensors under <c>hwmon/</c>, in the units of the kernel's hwmon interface: µW, µJ, thousandths of a degree.</summary>
internal sealed class Hwmon
{
    private readonly FileTree _files;
    private readonly string? _folder;

    private Hwmon(FileTree files, string? folder)
    {
        _files = files;
        _folder = folder;
    }

    public static Hwmon Of(FileTree files, string device)
    {
        string folder = device + "/hwmon";
        return new Hwmon(files, files.Entries(folder, "hwmon") is [var first, ..] ? $"{folder}/{first}" : null);
    }

    public string? File(string name) => _folder is null ? null : $"{_folder}/{name}";

    /// <summary>The first of these sensors that exists, scaled.</summary>
    public Reading<double> First(double factor, params ReadOnlySpan<string> names)
    {
        if (_folder is null)
        {
            return Reading<double>.None("the driver shows no sensors of the device");
        }

        var last = Reading<double>.None("the driver shows no such sensor of the device");
        foreach (string name in names)
        {
            if (_files.Exists($"{_folder}/{name}"))
            {
                last = _files.Scaled($"{_folder}/{name}", factor);
                if (last.Ok)
                {
                    return last;
                }
            }
        }

        return last;
    }

    /// <summary>The hottest temperature, degrees Celsius.</summary>
    public Reading<double> Hottest()
    {
        double hottest = double.NegativeInfinity;
        foreach (string input in _folder is null ? [] : _files.Entries(_folder, "temp"))
        {
            if (input.EndsWith("_input", StringComparison.Ordinal) && _files.Scaled($"{_folder}/{input}", 1e-3) is { Ok: true, Value: > -100 and < 200 } reading)
            {
                hottest = Math.Max(hottest, reading.Value);
            }
        }

        return double.IsFinite(hottest) ? Reading<double>.Of(hottest) : Reading<double>.None("the driver shows no temperature of the device");
    }
}
